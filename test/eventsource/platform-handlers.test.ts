import { afterEach, expect, test, vi } from "vitest"
import { ManualClock, scriptedFetch } from "steadystream/testing"

const PlatformTarget = EventTarget

/** An event target that calls its own `on…` members first, without a `this`, as that of workerd does. */
class CallingTarget extends PlatformTarget {
  override dispatchEvent(event: Event): boolean {
    const handler = (this as unknown as Record<string, unknown>)[`on${event.type}`]
    if (typeof handler === "function") (handler as (event: Event) => unknown)(event)
    return super.dispatchEvent(event)
  }
}

afterEach(() => vi.unstubAllGlobals())

async function sourceOn(target: typeof EventTarget) {
  vi.stubGlobal("EventTarget", target)
  vi.resetModules()
  const { EventSource } = await import("steadystream/eventsource")
  const clock = new ManualClock()
  const fetch = scriptedFetch([{ chunks: ["data: a\n\n", "data: b\n\n"], end: "stall" }])
  return { source: new EventSource("https://example.com/stream", { clock, fetch }), clock, EventSource }
}

test.each([
  ["calls no handlers", PlatformTarget],
  ["calls the handlers itself", CallingTarget],
] as const)("EventSource calls each handler once, in its place, if the platform %s", async (_, target) => {
  const { source, clock } = await sourceOn(target)
  const calls: string[] = []
  source.addEventListener("message", ({ data }) => calls.push(`before ${data}`))
  source.onmessage = function ({ data }) {
    calls.push(`handler ${data} ${this === source} ${typeof source.onmessage}`)
  }
  source.addEventListener("message", ({ data }) => calls.push(`after ${data} ${typeof source.onmessage}`))
  await clock.advance(10)
  source.close()
  expect(calls).toEqual(
    ["a", "b"].flatMap((data) => [`before ${data}`, `handler ${data} true function`, `after ${data} function`]),
  )
})

test("EventSource keeps its handlers readable after a dispatch that the platform refuses", async () => {
  const { source } = await sourceOn(CallingTarget)
  source.onopen = () => {}
  expect(() => source.dispatchEvent({ type: "open" } as Event)).toThrow(TypeError)
  expect(source.onopen).toBeTypeOf("function")
  source.close()
})

test("EventSource has no dispatchEvent of its own if the platform calls no handlers", async () => {
  const { source, EventSource } = await sourceOn(PlatformTarget)
  expect(Object.hasOwn(EventSource.prototype, "dispatchEvent")).toBe(false)
  source.close()
})
