/*
 * Decodes the events of another iterator, one at a time and in order. The cursor stays before an event while its schema
 * validates it and if that fails; a skipped event moves the cursor.
 */
import type { SseEvent, SseEventIterator } from "../event.ts"
import { onAbort, reasonOf } from "../internal/abort-listener.ts"
import { ignore } from "../internal/cancel.ts"
import { Fifo } from "../internal/fifo.ts"
import { DONE } from "../internal/iterator.ts"
import { GAP_EVENT } from "../internal/reserved-events.ts"
import type { AnyEvent, EventDecoder } from "./event-contract.ts"
import { isPromise } from "./standard-schema.ts"

interface Waiter<Event> {
  resolve(result: IteratorResult<Event, undefined>): void
  reject(reason: unknown): void
}

export class ContractReader<Event extends AnyEvent> implements SseEventIterator<Event> {
  readonly #source: SseEventIterator
  readonly #decode: EventDecoder<Event>["decode"]
  readonly #signal: AbortSignal | undefined
  readonly #waiters: Fifo<Waiter<Event>> = new Fifo()
  /** How many events were gaps. No contract has them, so a reader of its events learns of them from this number alone. */
  gaps: number = 0
  #cursor: string
  #held = false
  #reading = false
  #ended = false

  constructor(source: SseEventIterator, decode: EventDecoder<Event>["decode"], signal: AbortSignal | undefined) {
    this.#source = source
    this.#decode = decode
    this.#signal = signal
    this.#cursor = source.lastEventId
  }

  get lastEventId(): string {
    return this.#held ? this.#cursor : this.#source.lastEventId
  }

  get unfinished(): SseEvent | undefined {
    return this.#source.unfinished
  }

  [Symbol.asyncIterator](): this {
    // It throws for a second loop.
    this.#source[Symbol.asyncIterator]()
    return this
  }

  next(): Promise<IteratorResult<Event, undefined>> {
    if (this.#ended) return Promise.resolve(DONE)
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
      if (!this.#reading) void this.#serve()
    })
  }

  return(): Promise<IteratorResult<Event, undefined>> {
    const closed = this.#source.return()
    this.#end()
    return closed.then(() => DONE)
  }

  /** Resolves the waiting calls in order, one event each. */
  async #serve(): Promise<void> {
    this.#reading = true
    try {
      while (this.#waiters.size > 0) {
        this.#cursor = this.#source.lastEventId
        const result = await this.#source.next()
        if (this.#ended) {
          // The reader was closed while it waited for this event, so the consumer never receives it.
          this.#held = result.done !== true
          return
        }
        if (result.done === true) return this.#end()
        const decoded = this.#decodeNext(result.value)
        const event = isPromise(decoded) ? await decoded : decoded
        if (this.#ended) return
        this.#held = false
        if (event !== undefined) this.#waiters.shift()!.resolve({ done: false, value: event })
      }
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#reading = false
    }
  }

  #decodeNext(raw: SseEvent): Event | undefined | Promise<Event | undefined> {
    this.#held = true
    if (raw.event === GAP_EVENT) this.gaps++
    const decoded = this.#decode(raw)
    const signal = this.#signal
    if (signal?.aborted === true) {
      if (isPromise(decoded)) decoded.catch(ignore)
      throw reasonOf(signal)
    }
    return isPromise(decoded) && signal !== undefined ? untilAbort(decoded, signal) : decoded
  }

  #end(): void {
    this.#ended = true
    for (const waiter of this.#waiters.takeAll()) waiter.resolve(DONE)
  }

  /** Rejects the call that waits the longest; an abort rejects all calls that wait. */
  #fail(reason: unknown): void {
    if (this.#ended) return
    this.#waiters.shift()?.reject(reason)
    if (this.#signal?.aborted === true) for (const waiter of this.#waiters.takeAll()) waiter.reject(reason)
    this.#end()
    this.#source.return().catch(ignore)
  }
}

function untilAbort<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const forget = onAbort(signal, () => reject(reasonOf(signal)))
    void promise.then(resolve, reject).finally(forget)
  })
}
