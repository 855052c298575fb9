import { expect, test } from "vitest"
import { ManualClock, scriptedFetch } from "steadystream/testing"

const TARGET = "https://example.com/"

test("scriptedFetch() answers in order, and repeats the last answer", async () => {
  const fetch = scriptedFetch([new Response("first"), () => new Response("second")])
  const bodies: string[] = []
  for (let index = 0; index < 3; index++) bodies.push(await fetch(TARGET).then((response) => response.text()))
  expect(bodies).toEqual(["first", "second", "second"])
})

test("scriptedFetch() records its requests, by URL or Request", async () => {
  const fetch = scriptedFetch([new Response("")])
  await fetch(new URL(TARGET), { method: "POST", body: "x", headers: { "x-one": "1" } })
  await fetch(new Request(`${TARGET}a`, { headers: { "x-two": "2" } }))
  expect(fetch.requests.map(({ url, method, body, headers }) => [url, method, body, [...headers.keys()]])).toEqual([
    [TARGET, "POST", "x", ["x-one"]],
    [`${TARGET}a`, "GET", null, ["x-two"]],
  ])
})

test("scriptedFetch() streams pieces, then ends, breaks or stalls, and counts open bodies", async () => {
  const fetch = scriptedFetch([
    { chunks: ["a", "b"] },
    { chunks: ["a"], end: "reset" },
    { chunks: ["a"], end: "stall", status: 201 },
  ])
  expect(await fetch(TARGET).then((response) => response.text())).toBe("ab")
  await expect(fetch(TARGET).then((response) => response.text())).rejects.toThrow(TypeError)
  const abort = new AbortController()
  const response = await fetch(TARGET, { signal: abort.signal })
  expect([response.status, response.headers.get("content-type"), fetch.openBodies]).toEqual([
    201,
    "text/event-stream",
    1,
  ])
  const text = response.text()
  abort.abort(new Error("enough"))
  await expect(text).rejects.toThrow("enough")
  expect(fetch.openBodies).toBe(0)
})

test("scriptedFetch() rejects with an error, or with the reason of its signal", async () => {
  const broken = new TypeError("no network")
  const fetch = scriptedFetch([broken, () => new Promise<Response>(() => {})])
  await expect(fetch(TARGET)).rejects.toBe(broken)
  await expect(fetch(TARGET, { signal: AbortSignal.abort("before") })).rejects.toBe("before")
  const abort = new AbortController()
  const waits = fetch(TARGET, { signal: abort.signal })
  abort.abort("while")
  await expect(waits).rejects.toBe("while")
})

test("ManualClock fires timers in order, at their time, and reports the pending ones", async () => {
  const clock = new ManualClock({ random: () => 0.25 })
  const fired: (string | number)[] = []
  clock.setTimeout(() => fired.push("b", clock.now()), 20)
  clock.setTimeout(() => {
    fired.push("a", clock.now())
    clock.setTimeout(() => fired.push("c", clock.now()), 15)
  }, 10)
  clock.clearTimeout(clock.setTimeout(() => fired.push("never"), 5))
  expect([clock.pendingTimers, clock.nextDelay, clock.random()]).toEqual([2, 10, 0.25])
  await clock.advance(30)
  expect(fired).toEqual(["a", 10, "b", 20, "c", 25])
  expect([clock.pendingTimers, clock.nextDelay, clock.now()]).toEqual([0, undefined, 30])
})

test.each([204, 205, 304])(
  "scriptedFetch() returns a response without a body if the status %i has none",
  async (status) => {
    const fetch = scriptedFetch([{ status, headers: { "x-own": "1" } }])
    const response = await fetch(TARGET)
    expect([response.status, response.body, response.headers.get("x-own"), fetch.openBodies]).toEqual([
      status,
      null,
      "1",
      0,
    ])
  },
)

test("scriptedFetch() counts a cancelled body as closed", async () => {
  const fetch = scriptedFetch([{ chunks: ["a"], end: "stall" }])
  const response = await fetch(TARGET)
  expect(fetch.openBodies).toBe(1)
  await response.body!.cancel()
  expect(fetch.openBodies).toBe(0)
})
