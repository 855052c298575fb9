import assert from "node:assert/strict"
import { test } from "node:test"
import type { SseEvent } from "steadystream"
import { type FaultServer, ManualClock, startFaultServer } from "steadystream/testing"
import { followOrder } from "./follow-order.ts"

interface Fixtures {
  readonly server: FaultServer
  readonly clock: ManualClock
}

/** A test with a server and a clock of its own. The server is closed after it. */
function sseTest(name: string, run: (fixtures: Fixtures) => Promise<void>): void {
  void test(name, async (context) => {
    const server = await startFaultServer(() => "reset")
    context.after(() => server.close())
    await run({ server, clock: new ManualClock() })
  })
}

/** Reads all events and returns the data of each. */
async function dataOf(events: AsyncIterable<SseEvent>): Promise<unknown[]> {
  const data: unknown[] = []
  for await (const event of events) data.push(JSON.parse(event.data))
  return data
}

sseTest("followOrder continues on a real network", async ({ server, clock }) => {
  const delivered = 'event: delivered\nid: 2\ndata: {"status":"at the café"}\n\n'
  server.answerWith([{ body: 'id: 1\ndata: {"status":"packed"}\n\n', end: "reset" }, { body: delivered }])
  const data = await clock.runUntil(dataOf(followOrder("42", { url: server.url, clock })))
  assert.deepEqual(data, [{ status: "packed" }, { status: "at the café" }])
  assert.equal(server.requests[1]?.headers["last-event-id"], "1")
})
