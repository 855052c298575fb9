import type { IncomingMessage, ServerResponse } from "node:http"
import { setTimeout as sleep } from "node:timers/promises"
import type { SseEventInit } from "steadystream"
import { sendEventStream } from "steadystream/node"
import type { Session } from "steadystream/server"

/** The most ticks that a client gets after its cursor. */
const MAX_MISSED = 100

/** The ticks of the seventh panel. They go on without a reader, and each says how many connections there are. */
export class SharedTicks {
  readonly #pace: number
  readonly #begun: number = performance.now()
  #connections = 0

  constructor(pace: number) {
    this.#pace = pace
  }

  /** Sends the ticks until the client leaves or `signal` aborts. */
  async connect(req: IncomingMessage, res: ServerResponse, retry: number, signal: AbortSignal): Promise<void> {
    this.#connections++
    try {
      await sendEventStream(req, res, (session) => this.#ticks(session), { retry, signal })
    } finally {
      this.#connections--
    }
  }

  get #newest(): number {
    return Math.floor((performance.now() - this.#begun) / this.#pace) + 1
  }

  async *#ticks({ lastEventId, signal }: Session): AsyncGenerator<SseEventInit> {
    const cursor = Number(lastEventId)
    const isKnown = Number.isSafeInteger(cursor) && cursor > 0 && cursor <= this.#newest
    let next = isKnown ? Math.max(cursor + 1, this.#newest - MAX_MISSED) : this.#newest
    for (;;) {
      while (next > this.#newest) await sleep(this.#pace / 4, undefined, { signal })
      yield { event: "tick", id: String(next), data: JSON.stringify({ tick: next, connections: this.#connections }) }
      next++
    }
  }
}
