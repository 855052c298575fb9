import { encodeEvent, readEvents } from "steadystream"
import { subscribe } from "steadystream/client"

async function* connect() {
  for await (const event of readEvents(encodeEvent({ data: "one" }))) yield encodeEvent(event)
}

globalThis.done = subscribe(connect).listen({ onEvent: (event) => event.data })
