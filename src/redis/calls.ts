/* The operations that wait for Redis: how many there are, and those whose answer was lost. */
import { ignore } from "../internal/cancel.ts"
import type { Clock } from "../internal/clock.ts"
import { newEpoch, SseStoreError } from "../server/store/index.ts"

/** Counts the operations that wait, and the commands that a client keeps longer than they do. */
export class Calls {
  readonly #most: number
  #count = 0
  readonly #idle: (() => void)[] = []

  constructor(most: number) {
    this.#most = most
  }

  /** @throws {@link SseStoreError} (by rejecting) if too many wait. */
  async run<Result>(action: string, run: () => Promise<Result>): Promise<Result> {
    if (this.#count >= this.#most) {
      throw new SseStoreError(`Cannot ${action}: more than "maxWaiting" operations wait for Redis`, "store-unavailable")
    }
    this.#count++
    try {
      return await run()
    } finally {
      this.#leave()
    }
  }

  /** Counts a command for which no operation waits any more: the client may keep it for as long as Redis is away. */
  async keep(command: Promise<unknown>): Promise<void> {
    this.#count++
    await command.catch(ignore)
    this.#leave()
  }

  #leave(): void {
    this.#count--
    if (!this.#isBusy) this.#idle.shift()?.()
  }

  /** Resolves when less than half of the operations wait that may. */
  async untilIdle(): Promise<void> {
    while (this.#isBusy) await new Promise<void>((resolve) => void this.#idle.push(resolve))
  }

  get #isBusy(): boolean {
    return this.#count * 2 > this.#most
  }
}

/** The attempts that are remembered. */
const MAX_ATTEMPTS = 1_000

/**
 * Names each operation, so that Redis knows one that is sent again. An operation whose reply was lost may have been done: the
 * next one of its kind has the same name, and so the reply that was lost.
 */
export class Attempts {
  readonly #clock: Clock
  readonly #unsure: Map<string, string> = new Map()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @param kind - What is done with which log. */
  async run<Result>(kind: string, run: (token: string) => Promise<Result>): Promise<Result> {
    const token = this.#unsure.get(kind) ?? `${newEpoch(this.#clock)}${newEpoch(this.#clock)}`
    // Of two at the same time, only one may be the same as before.
    this.#unsure.delete(kind)
    try {
      return await run(token)
    } catch (error) {
      this.#unsure.set(kind, token)
      if (this.#unsure.size > MAX_ATTEMPTS) this.#unsure.delete(this.#unsure.keys().next().value!)
      throw error
    }
  }
}
