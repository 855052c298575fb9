import { EventSource, type EventSourceErrorEvent, type EventSourceFetch } from "steadystream/eventsource"
import { describe, expectTypeOf, test } from "vitest"

describe("EventSource", () => {
  test("EventSource is assignable to the platform's class", () => {
    expectTypeOf(EventSource).toExtend<typeof globalThis.EventSource>()
    expectTypeOf<EventSource>().toExtend<globalThis.EventSource>()
    globalThis.EventSource = EventSource
    const source: globalThis.EventSource = new EventSource("https://example.com/stream", { withCredentials: true })
    expectTypeOf(source.url).toBeString()
  })

  test("EventSource accepts code for the platform's class", () => {
    const source = new EventSource(new URL("https://example.com/stream"))
    source.onmessage = function (event) {
      expectTypeOf(this).toEqualTypeOf<EventSource>()
      expectTypeOf(event).toEqualTypeOf<MessageEvent>()
    }
    source.addEventListener("open", (event) => expectTypeOf(event).toEqualTypeOf<Event>())
    source.addEventListener("message", (event) => expectTypeOf(event).toEqualTypeOf<MessageEvent>())
    source.addEventListener("update", (event) => expectTypeOf(event).toEqualTypeOf<MessageEvent>())
    source.addEventListener("update", { handleEvent: (event: Event) => void event }, { once: true })
    const listener = (event: MessageEvent) => void event.data
    source.removeEventListener("update", listener)
    const handler: globalThis.EventSource["onerror"] = () => {}
    source.onerror = handler
    expectTypeOf(EventSource.CLOSED).toEqualTypeOf<2>()
    expectTypeOf(source.OPEN).toEqualTypeOf<1>()
    // @ts-expect-error -- the property is read-only
    source.readyState = 1
  })

  test("EventSource reports more of an error than the platform's class", () => {
    const source = new EventSource("https://example.com/stream")
    source.addEventListener("error", (event) => {
      expectTypeOf(event).toEqualTypeOf<EventSourceErrorEvent>()
      expectTypeOf(event.code).toEqualTypeOf<number | undefined>()
    })
    source.onerror = ({ error }) => expectTypeOf(error).toBeUnknown()
  })

  test("EventSource accepts the platform's fetch, and one that spreads the headers", () => {
    expectTypeOf(fetch).toExtend<EventSourceFetch>()
    void new EventSource("https://example.com/stream", {
      fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, Authorization: "Bearer token" } }),
    })
    void new EventSource("https://example.com/stream", {
      method: "POST",
      body: "{}",
      headers: async ({ number, lastEventId }) => ({ "x-attempt": `${number} ${lastEventId}` }),
      retry: { maxRetries: 3 },
      timeouts: { idle: 60_000 },
    })
  })

  test("EventSource can be extended", () => {
    class Named extends EventSource {
      readonly label: string = "named"
    }
    expectTypeOf(new Named("https://example.com/stream").label).toBeString()
    expectTypeOf<Named>().toExtend<EventSource>()
  })
})
