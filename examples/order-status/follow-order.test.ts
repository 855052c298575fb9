import { readFileSync } from "node:fs"
import { SseRetryError } from "steadystream"
import {
  everyCut,
  mutate,
  parseRecording,
  type Recording,
  replay,
  type ScriptedRequest,
  scriptedFetch,
} from "steadystream/testing"
import { sseTest } from "steadystream/testing/vitest"
import { expect } from "vitest"
import { followOrder } from "./follow-order.ts"

const recording = parseRecording(readFileSync(new URL("order.jsonl", import.meta.url), "utf8"))
const statuses = ["packed", "on its way", "at the café"].map((status) => ({ data: { status } }))

/** Answers as the shop does: with the events after the one that the client received last. */
function rest({ headers }: ScriptedRequest) {
  const events = statuses.map(({ data }, at) => {
    return `${at === 2 ? "event: delivered\n" : ""}id: ${at + 1}\ndata: ${JSON.stringify(data)}\n\n`
  })
  return { chunks: events.slice(Number(headers.get("last-event-id"))) }
}

sseTest("followOrder asks for the order and ends when it is delivered", async () => {
  const fetch = scriptedFetch([rest])
  await expect(followOrder("42", { fetch })).toHaveEvents(statuses)
  expect(fetch.requests.map(({ body }) => body)).toEqual(['{"order":"42"}'])
})

sseTest("followOrder reads what the shop once sent, at the times of then", async ({ clock }) => {
  const { fetch } = replay(recording, { clock })
  await clock.runUntil(expect(followOrder("42", { fetch, clock })).toHaveEvents(statuses))
  expect(clock.now()).toBeGreaterThan(100)
})

sseTest("followOrder reads the same events from single bytes", async () => {
  const { fetch } = replay(mutate(recording, { split: 1 }), { speed: Infinity })
  await expect(followOrder("42", { fetch })).toHaveEvents(statuses)
})

/** The shop sends `broken` first, and what is missing at the next request. */
const firstly = (broken: Recording) => scriptedFetch([() => replay(broken, { speed: Infinity }).response(), rest])

sseTest("followOrder continues after a break at any byte", async ({ clock }) => {
  for (const cut of everyCut(recording, { by: "byte" })) {
    const fetch = firstly(cut.recording)
    await clock.runUntil(expect(followOrder("42", { fetch, clock })).toHaveEvents(statuses))
    expect(fetch.requests).toHaveLength(2)
  }
})

sseTest("followOrder asks again if the shop is silent for 30 seconds", async ({ clock }) => {
  const fetch = firstly(mutate(recording, { stall: { event: 1 } }))
  await clock.runUntil(expect(followOrder("42", { fetch, clock })).toHaveEvents(statuses))
  expect(fetch.requests[1]?.headers.get("last-event-id")).toBe("1")
  expect(clock.now()).toBeGreaterThan(30_000)
  expect(clock.now()).toBeLessThan(32_000)
})

sseTest("followOrder stops if every connection breaks", async ({ clock }) => {
  const { fetch } = replay(mutate(recording, { reset: { byte: 0 } }), { speed: Infinity })
  await clock.runUntil(expect(followOrder("42", { fetch, clock })).toHaveEvents([], { error: SseRetryError }))
})

sseTest("followOrder continues on a real network", async ({ server, clock, recorder }) => {
  const [first, ...others] = rest({ headers: new Headers() } as ScriptedRequest).chunks
  server.answerWith([{ body: first, end: "reset" }, { status: 503 }, { body: others }])
  const options = { url: server.url, clock, fetch: recorder.fetch() }
  await clock.runUntil(expect(followOrder("42", options)).toHaveEvents(statuses))
  expect(server.requests.map(({ headers }) => headers["last-event-id"])).toEqual([undefined, "1", "1"])
  // The recording of this test can be the input of the next one.
  await expect(recorder.recording).toHaveEvents(statuses)
})
