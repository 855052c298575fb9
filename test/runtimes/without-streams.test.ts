import { afterEach, expect, test, vi } from "vitest"
import { ManualClock } from "steadystream/testing"

const MISSING = [
  "fetch",
  "Headers",
  "ReadableStream",
  "Request",
  "Response",
  "TextDecoder",
  "TextEncoder",
  "TransformStream",
  "WritableStream",
]

afterEach(() => vi.unstubAllGlobals())

test("subscribe() works over a text transport in a realm without streams, fetch and text coding", async () => {
  for (const name of MISSING) vi.stubGlobal(name, undefined)
  vi.resetModules()
  const { subscribe } = await import("steadystream/client")
  const clock = new ManualClock()
  let attempts = 0
  async function* connect({ lastEventId }: { lastEventId: string }) {
    attempts++
    yield `id: é${attempts}\nda`
    yield `ta: from ${lastEventId}\n\n`
    if (attempts === 2) yield "data: [DONE]\n\n"
  }
  const got: string[] = []
  const subscription = subscribe(connect, { until: "[DONE]", clock })
  const done = subscription.listen({ onEvent: (event) => void got.push(event.data) })
  await clock.advance(60_000)
  await done
  expect(got).toEqual(["from ", "from é1"])
})
