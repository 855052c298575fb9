/* The one line that replaces the browser's class in a page. */
import { EventSource } from "ssekit/eventsource"

globalThis.EventSource = EventSource
