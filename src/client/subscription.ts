/* Law: the consumer's side: one consumer, and every way out of it leads to `close`. */
import type { SseEvent, SseEventIterator } from "../event.ts"
import { onAbort } from "../internal/abort-listener.ts"
import type { EventSink } from "./event-intake.ts"
import { EventQueue, type Failure } from "./event-queue.ts"
import { callHook } from "./hooks.ts"
import { ReconnectionLoop } from "./loop.ts"
import type { Settings } from "./settings.ts"
import { StateFeed } from "./state-feed.ts"
import type { SubscriptionState } from "./state.ts"

/** The iterator of a subscription: `return`, which leaving a loop calls, closes it. */
export interface SubscriptionIterator<Event extends SseEvent<string, unknown> = SseEvent> extends AsyncIterableIterator<
  Event,
  undefined,
  undefined
> {
  /** Gives the next event, and begins the subscription the first time; any number of calls may wait. */
  next(): Promise<IteratorResult<Event, undefined>>
  /** Closes the subscription. */
  return(): Promise<IteratorResult<Event, undefined>>
  /** Closes the subscription and rejects with `error`. */
  throw(error: unknown): Promise<IteratorResult<Event, undefined>>
  /** Gives the iterator itself. */
  [Symbol.asyncIterator](): SubscriptionIterator<Event>
}

/** The handlers of {@link Subscription.listen}. */
export interface SubscriptionHandlers<Event extends SseEvent<string, unknown> = SseEvent> {
  /** Called with each event; the next one comes when what it returns has settled. */
  readonly onEvent: (event: Event) => unknown
  /** Called once with what ended the subscription, where that is a failure; the promise of `listen` then fulfils. */
  readonly onError?: ((error: unknown) => void) | undefined
}

/** One stream of events across reconnections, for one consumer. */
export interface Subscription<Event extends SseEvent<string, unknown> = SseEvent> extends AsyncIterable<
  Event,
  undefined,
  undefined
> {
  /** What the subscription is doing: `"connecting"` also before it has begun. */
  readonly state: SubscriptionState
  /**
   * The last event ID in force after the last event that the consumer took: safe to store, since what follows it is
   * asked for again by whoever resumes from it.
   */
  readonly lastEventId: string
  /** How many attempts were made after the first one. */
  readonly retries: number
  /** The state now, and each one that follows, until it is `"closed"`; for any number of observers. */
  states(): AsyncIterableIterator<SubscriptionState, undefined, undefined>
  /** Ends the subscription: what is queued is dropped, what waits is done, and nothing happens any more. */
  close(): void
  /**
   * Consumes the events by calling a handler with each. What the handler throws, now or as a promise, is reported to
   * `onHandlerError` and stops nothing.
   *
   * @throws TypeError where the subscription has a consumer.
   */
  listen(handlers: SubscriptionHandlers<Event>): Promise<void>
  /**
   * Begins the subscription at its first `next()`.
   *
   * @throws TypeError where the subscription has a consumer.
   */
  [Symbol.asyncIterator](): SubscriptionIterator<Event>
  /** Closes the subscription; missing where the platform has no such symbol. */
  [Symbol.asyncDispose](): Promise<void>
}

/** The subscription that {@link subscribe} gives. */
export class ClientSubscription<Event extends SseEvent<string, unknown>> implements Subscription<Event> {
  readonly #settings: Settings
  readonly #queue: EventQueue
  readonly #loop: ReconnectionLoop
  readonly #feed: StateFeed = new StateFeed()
  readonly #events: SseEventIterator<Event>
  /** Cuts short the wait for a schema when a signal ends the subscription. */
  readonly #abort: AbortController = new AbortController()
  readonly #stops: (() => void)[] = []
  #isConsumed = false
  #isStarted = false
  /** Closed by our own will: events that are on their way must not arrive. */
  #isClosed = false
  declare readonly [Symbol.asyncDispose]: () => Promise<void>

  /** @param read - Gives the events that the consumer gets. */
  constructor(settings: Settings, read: (source: SseEventIterator, signal: AbortSignal) => SseEventIterator<Event>) {
    this.#settings = settings
    this.#queue = new EventQueue(settings.queueLimits, settings.lastEventId, {
      onWait: (waits) => this.#loop.consumerWaits(waits),
      onEnd: () => this.#forgetSignals(),
    })
    this.#loop = new ReconnectionLoop(settings, this.#queue satisfies EventSink, (state) => this.#onState(state))
    this.#events = read(this.#source(), this.#abort.signal)
    // Not a method: where the symbol is missing, that would be a method called "undefined".
    if (typeof Symbol.asyncDispose === "symbol") {
      Object.defineProperty(this, Symbol.asyncDispose, { value: async () => this.close() })
    }
  }

  get state(): SubscriptionState {
    return this.#loop.state
  }

  get lastEventId(): string {
    return this.#events.lastEventId
  }

  get retries(): number {
    return this.#loop.retries
  }

  states(): AsyncIterableIterator<SubscriptionState, undefined, undefined> {
    return this.#feed.observe(this.state)
  }

  close(): void {
    void this.#events.return()
  }

  async listen({ onEvent, onError }: SubscriptionHandlers<Event>): Promise<void> {
    if (typeof onEvent !== "function") throw new TypeError('Cannot listen: "onEvent" must be a function')
    const events = this[Symbol.asyncIterator]()
    const { report } = this.#settings
    try {
      for (;;) {
        const cursor = this.lastEventId
        const { done, value } = await events.next()
        if (done === true) return
        // Closed after the event was given out and before it arrived here: nobody has seen it.
        if (this.#isClosed) this.#queue.restoreCursor(cursor)
        else await handle(onEvent, value, report)
      }
    } catch (error) {
      if (onError === undefined) throw error
      callHook(onError, error, report)
    }
  }

  [Symbol.asyncIterator](): SubscriptionIterator<Event> {
    if (this.#isConsumed) throw new TypeError("Cannot iterate subscription: it must have only one consumer")
    this.#isConsumed = true
    const iterator: SubscriptionIterator<Event> = {
      next: () => this.#events.next(),
      return: () => this.#events.return(),
      throw: (error) => {
        this.close()
        return Promise.reject(error)
      },
      [Symbol.asyncIterator]: () => iterator,
    }
    return iterator
  }

  /** The events as they came, for one reader. */
  #source(): SseEventIterator {
    const queue = this.#queue
    const source: SseEventIterator = {
      get lastEventId() {
        return queue.lastEventId
      },
      next: () => this.#next(),
      return: () => {
        this.#close()
        return Promise.resolve({ done: true, value: undefined })
      },
      [Symbol.asyncIterator]: () => source,
    }
    return source
  }

  #next(): Promise<IteratorResult<SseEvent, undefined>> {
    const result = this.#queue.next()
    if (!this.#isStarted) this.#start()
    return result
  }

  #start(): void {
    this.#isStarted = true
    if (this.state === "closed") return
    for (const signal of this.#settings.signals) {
      if (signal.aborted) return this.#close({ reason: signal.reason })
      this.#stops.push(onAbort(signal, () => this.#close({ reason: signal.reason })))
    }
    this.#loop.start()
  }

  #close(failure?: Failure): void {
    this.#isClosed = true
    if (failure !== undefined) this.#abort.abort(failure.reason)
    this.#queue.close(failure)
    this.#loop.close()
  }

  #forgetSignals(): void {
    for (const stop of this.#stops.splice(0)) stop()
  }

  #onState(state: SubscriptionState): void {
    const { hooks, report } = this.#settings
    this.#feed.push(state)
    callHook(hooks.onStateChange, state, report)
  }
}

async function handle<Event>(
  onEvent: (event: Event) => unknown,
  event: Event,
  report: (error: unknown) => void,
): Promise<void> {
  try {
    await onEvent(event)
  } catch (error) {
    report(error)
  }
}
