import type { Clock } from "../internal/clock.ts"
import { type IdleEntry, type IdleQueue, idleQueueOf } from "../internal/idle-queue.ts"
import { BLOCK_END, keepAliveComment } from "../internal/keep-alive.ts"
import type { EventSession, SessionObserver } from "./event-session.ts"

/**
 * Sends a comment to the client of a session after each `ms` milliseconds without a block, and at the start if no block is
 * sent at once, since some servers and proxies send the headers with the first byte. A client that does not read gets
 * none, and no comment splits a block that a source of bytes has cut.
 */
export class SessionKeepAlive implements IdleEntry, SessionObserver {
  readonly #session: EventSession
  readonly #queue: IdleQueue
  /** The last four bytes of the stream. */
  #tail = 0x0a0a
  #hasBegun = false

  constructor(session: EventSession, ms: number, clock: Clock) {
    this.#session = session
    this.#queue = idleQueueOf(clock, ms)
    session.observer = this
  }

  /** The session may send its first block from now on. */
  start(): void {
    this.#queue.touch(this)
    // A timer rather than `nextTask`: the first event of most sources comes before it.
    if (starting.push(this) === 1) setTimeout(startAll, 0)
  }

  /** Sends the first comment, unless something was sent. */
  begin(): void {
    if (!this.#hasBegun && this.#session.state === "open") this.onIdle()
  }

  onWrite(block: Uint8Array): void {
    this.#hasBegun = true
    const { length } = block
    for (let at = Math.max(0, length - 4); at < length; at++) this.#tail = (this.#tail << 8) | block[at]!
    this.#queue.touch(this)
  }

  /** The client waits for a block. */
  onWait(): void {
    this.#queue.touch(this)
  }

  end(): void {
    this.#queue.delete(this)
  }

  onIdle(): void {
    const tail = this.#tail
    if (!this.#session.isIdle) this.end()
    else if (BLOCK_END.test(String.fromCharCode(tail >>> 24, (tail >> 16) & 0xff, (tail >> 8) & 0xff, tail & 0xff))) {
      void this.#session.write(keepAliveComment())
    }
  }
}

/** The sessions that have begun since the last task: one timer for all of them. */
let starting: SessionKeepAlive[] = []

function startAll(): void {
  const all = starting
  starting = []
  for (const session of all) session.begin()
}
