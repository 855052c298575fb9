import { defineEvents, encodeEvent, readEvents, text, type } from "steadystream"
import { subscribe } from "steadystream/client"
import { EventSource } from "steadystream/eventsource"
import { readChatCompletions } from "steadystream/openai"

const contract = defineEvents({ message: text(), count: type() })
for await (const event of readEvents(encodeEvent({ data: "one" }), { events: contract })) document.title += event.data
void subscribe("/events").listen({ onEvent: (event) => void (document.title += event.data) })
new EventSource("/events").addEventListener("message", (event) => void (document.title += event.data))
for await (const part of readChatCompletions((signal) => fetch("/answer", { signal })).textDeltas())
  document.title += part
