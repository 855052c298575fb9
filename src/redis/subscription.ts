/* The subscription to the channel of one log. It is tried again until it stands, by a timer that does not hold the process. */
import { ignore } from "../internal/cancel.ts"
import { type Clock, setIdleTimer } from "../internal/clock.ts"
import type { StoreNews } from "../server/store/index.ts"
import { type OwnedConnection, retryDelay } from "./connection.ts"
import { readNews, textOf } from "./replies.ts"

export class Subscription {
  readonly #connection: OwnedConnection
  readonly #clock: Clock
  readonly #channel: () => Promise<string>
  readonly #report: (news: StoreNews | undefined) => void
  /** The attempt that is pending or has succeeded. */
  #attempt: Promise<void> | undefined
  #failures = 0
  #timer: unknown
  #end: (() => unknown) | undefined
  #isStopped = false

  constructor(
    connection: OwnedConnection,
    clock: Clock,
    channel: () => Promise<string>,
    report: (news: StoreNews | undefined) => void,
  ) {
    this.#connection = connection
    this.#clock = clock
    this.#channel = channel
    this.#report = report
  }

  /** Subscribes if the subscription neither stands nor is pending. Resolves when it stands. */
  start(): Promise<void> {
    if (this.#attempt !== undefined) return this.#attempt
    this.#clock.clearTimeout(this.#timer)
    const attempt = this.#subscribe()
    this.#attempt = attempt
    attempt.catch(() => this.#failed())
    return attempt
  }

  /** Reports that there may be news; subscribes again if that has failed. */
  renew(): void {
    if (this.#isStopped) return
    if (this.#end !== undefined) this.#report(undefined)
    else this.start().catch(ignore)
  }

  stop(): void {
    this.#isStopped = true
    this.#clock.clearTimeout(this.#timer)
    if (this.#end !== undefined) endQuietly(this.#end)
    this.#end = undefined
  }

  async #subscribe(): Promise<void> {
    const channel = await this.#channel()
    if (this.#isStopped) return
    const onMessage = (message: unknown) => {
      if (!this.#isStopped) this.#report(readNews(textOf(message)))
    }
    this.#end = await this.#connection.subscribe(channel, onMessage)
    this.#failures = 0
    if (this.#isStopped) this.stop()
    else this.#report(undefined)
  }

  #failed(): void {
    this.#attempt = undefined
    if (this.#isStopped) return
    this.#timer = setIdleTimer(this.#clock, () => void this.start().catch(ignore), retryDelay(this.#failures++))
  }
}

/** Calls a function that ends something, also if it throws or rejects: its failure must not stop what else ends. */
export function endQuietly(run: () => unknown): void {
  const end = async () => void (await run())
  end().catch(ignore)
}
