/* The test kit, as programs use it in the runtime's own test runner. */
import { readEvents, type SseEvent } from "steadystream"
import { subscribe } from "steadystream/client"
import { chunkings, everyCut, formatRecording, ManualClock, mutate, parseRecording } from "steadystream/testing"
import { record, replay, scriptedFetch, startFaultServer } from "steadystream/testing"
import { equal, ok, rejection } from "../checks.ts"
import { needsNodeServer } from "../node-server.ts"
import type { SuiteCases } from "../suite.ts"
import { follow } from "./subscribe.ts"

async function dataOf(response: Response): Promise<string[]> {
  const events: SseEvent[] = []
  for await (const event of readEvents(response)) events.push(event)
  return events.map(({ data }) => data)
}

export const testing: SuiteCases = {
  "a manual clock moves a subscription through its delays": async () => {
    const clock = new ManualClock()
    const fetch = scriptedFetch([
      { status: 503 },
      { chunks: ["id: 1\ndata: a\n\n"] },
      new Response(null, { status: 204 }),
    ])
    const reading = follow(subscribe("https://example.com/", { fetch, clock }))
    await clock.advance(60_000)
    equal(await reading, { data: ["a"], outcome: "done" })
    equal([fetch.requests.length, fetch.openBodies, clock.pendingTimers], [3, 0, 0])
    equal(fetch.requests[2]?.headers.get("last-event-id"), "1")
  },
  "chunkings() cuts bytes in every way": async () => {
    const bytes = new TextEncoder().encode("data: ✓\r\n\r\n")
    let ways = 0
    for (const chunks of chunkings(bytes)) {
      ways++
      equal(await dataOf(await scriptedFetch([{ chunks }])("https://example.com/")), ["✓"])
    }
    ok(ways > bytes.length, "there is a way for each byte")
  },
  "a recording of the runtime's fetch is replayed byte by byte": async ({ script }) => {
    const { url } = await script([{ body: ["data: ✓\n", "\ndata: b\n\n"] }])
    const recorder = record()
    equal(await dataOf(await recorder.fetch(fetch)(url)), ["✓", "b"])
    const recording = parseRecording(formatRecording(recorder.recording))
    const again = replay(recording, { speed: Infinity })
    equal(await dataOf(again.response()), ["✓", "b"])
    equal(await dataOf(await again.fetch(url)), ["✓", "b"])
  },
  "a recording is cut at every byte": async () => {
    const recorder = record()
    const fetch = recorder.fetch(scriptedFetch([{ chunks: ["data: a\n\ndata: b\n\n"] }]))
    await dataOf(await fetch("https://example.com/"))
    for (const { byte, recording } of everyCut(recorder.recording, { by: "byte", end: "cut" })) {
      const response = replay(recording, { speed: Infinity }).response()
      equal((await dataOf(response)).length, byte < 9 ? 0 : 1, `the number of events in ${byte} bytes`)
    }
    const broken = replay(mutate(recorder.recording, { reset: { event: 1 } }), { speed: Infinity }).response()
    equal((await rejection(() => dataOf(broken))).name, "SseConnectionError")
  },
  "a fault server resets connections": async ({ after }) => {
    await needsNodeServer()
    const server = await startFaultServer([{ body: "id: 1\ndata: a\n\nda", end: "reset" }, { status: 204 }])
    after(() => server.close())
    const retry = { initialDelay: 0, jitter: false }
    const { outcome } = await follow(subscribe(server.url, { retry }))
    equal(outcome, "done")
    ok(server.requests.length >= 2, "the subscription came back")
  },
}
