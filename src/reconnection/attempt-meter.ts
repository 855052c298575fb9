import { SseError } from "../errors.ts"
import type { Clock } from "../internal/clock.ts"
import type { AttemptMetrics } from "./hooks.ts"

/** Measures one attempt. */
export class AttemptMeter {
  readonly #clock: Clock
  readonly #attempt: number
  readonly #start: number
  #response: number | undefined
  #firstByte: number | undefined
  #firstEvent: number | undefined
  #lastEvent: number | undefined
  #status: number | undefined
  #events = 0
  #bytes = 0
  #gap = 0

  constructor(clock: Clock, attempt: number) {
    this.#clock = clock
    this.#attempt = attempt
    this.#start = clock.now()
  }

  onOpen(status: number | undefined): void {
    this.#response = this.#now
    this.#status = status
  }

  onBytes(count: number): void {
    this.#firstByte ??= this.#now
    this.#bytes += count
  }

  onEvent(): void {
    const now = this.#now
    this.#firstEvent ??= now
    this.#gap = Math.max(this.#gap, now - (this.#lastEvent ?? now))
    this.#lastEvent = now
    this.#events++
  }

  /** @param status - The status of a response that was not opened. */
  end(status: number | undefined, error?: unknown): AttemptMetrics {
    return {
      attempt: this.#attempt,
      startTime: this.#start,
      responseTime: this.#response,
      firstByteTime: this.#firstByte,
      firstEventTime: this.#firstEvent,
      duration: this.#now,
      status: this.#status ?? status,
      events: this.#events,
      bytes: this.#bytes,
      longestGap: this.#gap,
      error: SseError.is(error) ? error.code : undefined,
    }
  }

  get #now(): number {
    return this.#clock.now() - this.#start
  }
}
