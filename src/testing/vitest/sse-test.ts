import { test, type TestAPI } from "vitest"
import { type FaultServer, startFaultServer } from "../fault-server.ts"
import { ManualClock } from "../manual-clock.ts"
import { record } from "../recording/record.ts"
import type { Recorder } from "../recording/recorder.ts"

/** The fixtures of {@link sseTest}. A test has the ones that it names, each made for this test alone. */
export interface SseFixtures {
  /**
   * A server on 127.0.0.1 that answers what `server.answerWith()` says, and misbehaves if it says so. It is closed after
   * the test, with all its connections. Needs Node.
   */
  readonly server: FaultServer
  /** A clock that stands still until the test moves it. */
  readonly clock: ManualClock
  /** A recorder. Its times are those of `clock`, so a recording is the same in each run. */
  readonly recorder: Recorder
}

/**
 * The `test` of vitest with fixtures for streams. `sseTest.extend()` adds more.
 *
 * @see {@link startFaultServer}, {@link ManualClock}, {@link record}
 * @example
 * ```ts no-run
 * import { subscribe } from "steadystream/client"
 * import { sseTest } from "steadystream/testing/vitest"
 * import { expect } from "vitest"
 *
 * sseTest("the subscription continues after a broken connection", async ({ server, clock }) => {
 *   server.answerWith([{ body: "id: 1\ndata: a\n\n", end: "reset" }, { body: "data: b\n\n" }, { status: 204 }])
 *   const received = expect(subscribe(server.url, { clock })).toHaveEvents(["a", "b"])
 *   await clock.runUntil(received)
 *   expect(server.requests[1]?.headers["last-event-id"]).toBe("1")
 * })
 * ```
 */
export const sseTest: TestAPI<SseFixtures> = test.extend<SseFixtures>({
  // vitest reads from the text of these functions which fixtures they need, so the empty pattern must stay.
  // oxlint-disable-next-line no-empty-pattern
  clock: async ({}, use) => use(new ManualClock()),
  recorder: async ({ clock }, use) => use(record({ clock })),
  // oxlint-disable-next-line no-empty-pattern
  server: async ({}, use) => {
    const server = await startFaultServer(() => {
      throw new Error("Cannot answer request: the test must call server.answerWith() before it")
    })
    await use(server)
    await server.close()
  },
})
