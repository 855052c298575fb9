/* Which entries go to one session of channels: those that the filter accepts, or the last ones with each key. */
import type { SseEvent } from "../../event.ts"
import type { EventSession } from "../../session/index.ts"
import type { LogEntry } from "../delivery/log-entry.ts"
import type { LogPosition } from "../delivery/log-position.ts"
import { checkKey, isTrue } from "./caller-answer.ts"
import type { ConnectOptions } from "./channel-options.ts"
import { Coalescer } from "./coalescer.ts"

/** What a choice needs of its channels. */
export interface ChoiceHost {
  report(error: unknown): void
  /** Returns the event with the data that the contract reads, `undefined` if it does not fit. */
  decode(entry: LogEntry): SseEvent<string, unknown> | undefined
}

export class EntryChoice {
  readonly #session: EventSession
  readonly #host: ChoiceHost
  readonly #filter: ConnectOptions<SseEvent<string, unknown>>["filter"]
  readonly #coalescer: Coalescer | undefined

  constructor(session: EventSession, host: ChoiceHost, options: ConnectOptions<SseEvent<string, unknown>>) {
    const { filter, slow } = options
    this.#session = session
    this.#host = host
    this.#filter = filter
    if (typeof slow === "object") this.#coalescer = new Coalescer((entry) => this.#keyOf(entry, slow.coalesce))
  }

  isSent(entry: LogEntry, position: LogPosition): boolean {
    return this.#coalescer === undefined ? this.#passes(entry) : this.#coalescer.isNewest(entry, position)
  }

  onGap(position: LogPosition): void {
    this.#coalescer?.forget(position)
  }

  /** Whether the filter accepts an event; one that throws does not. */
  #passes(entry: LogEntry): boolean {
    if (this.#filter === undefined) return true
    try {
      const event = this.#host.decode(entry)
      return event !== undefined && isTrue(this.#filter(event, this.#session))
    } catch (error) {
      this.#host.report(error)
      return false
    }
  }

  /** The key of an event, `undefined` if it does not go out. An event without a key goes out in any case. */
  #keyOf(entry: LogEntry, coalesce: (event: SseEvent<string, unknown>) => unknown): string | undefined {
    if (this.#session.state === "closed" || !this.#passes(entry)) return undefined
    try {
      const event = this.#host.decode(entry)
      const key = event && coalesce(event)
      if (event !== undefined) return `=${checkKey(key)}`
    } catch (error) {
      this.#host.report(error)
    }
    return entry.cursor
  }
}
