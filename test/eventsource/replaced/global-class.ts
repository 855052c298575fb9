/* The one line that replaces the browser's class in a page. */
import { EventSource } from "steadystream/eventsource"

globalThis.EventSource = EventSource
