/* Law: the consumer's side: one consumer, and every way out of it leads to `close`. */
import type { SseEvent, SseEventIterator } from "../event.ts"
import { onAbort } from "../internal/abort-listener.ts"
import type { Failure } from "../internal/channel.ts"
import { iteratorOf } from "../internal/iterator.ts"
import { EventQueue } from "./event-queue.ts"
import { ReconnectionLoop, type Settings, type SubscriptionState } from "../reconnection/index.ts"
import { StateFeed } from "./state-feed.ts"

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

/** @param read - Gives the events that the consumer gets. */
export function createSubscription<Event extends SseEvent<string, unknown>>(
  settings: Settings,
  read: (source: SseEventIterator, signal: AbortSignal) => SseEventIterator<Event>,
): Subscription<Event> {
  const feed = new StateFeed()
  const [queue, loop, signal] = connect(settings, (state) => {
    feed.push(state)
    settings.callHook(settings.onStateChange, state)
  })
  const events = read(queue, signal)
  let isConsumed = false
  const subscription: Omit<Subscription<Event>, typeof Symbol.asyncDispose> = {
    get state() {
      return loop.state
    },
    get lastEventId() {
      return events.lastEventId
    },
    get retries() {
      return loop.retries
    },
    states: () => feed.observe(loop.state),
    close: () => void events.return(),
    listen: async (handlers) => listen(subscription, handlers, queue, settings),
    [Symbol.asyncIterator]() {
      if (isConsumed) throw new TypeError("Cannot iterate subscription: it must have only one consumer")
      isConsumed = true
      return consumerOf(events)
    },
  }
  // Not a member of the literal: where the symbol is missing, that would be one called "undefined".
  if (Symbol.asyncDispose) Object.assign(subscription, { [Symbol.asyncDispose]: async () => subscription.close() })
  return subscription as Subscription<Event>
}

function consumerOf<Event extends SseEvent<string, unknown>>(
  events: SseEventIterator<Event>,
): SubscriptionIterator<Event> {
  const iterator = iteratorOf(
    () => events.next(),
    () => events.return(),
  )
  return Object.assign(iterator, {
    async throw(error: unknown) {
      void events.return()
      throw error
    },
  }) as SubscriptionIterator<Event>
}

async function listen<Event extends SseEvent<string, unknown>>(
  subscription: Pick<Subscription<Event>, "lastEventId" | typeof Symbol.asyncIterator>,
  { onEvent, onError }: SubscriptionHandlers<Event>,
  queue: EventQueue,
  { report, callHook }: Settings,
): Promise<void> {
  if (typeof onEvent !== "function") throw new TypeError('Cannot listen: "onEvent" must be a function')
  const events = subscription[Symbol.asyncIterator]()
  try {
    for (;;) {
      const { lastEventId } = subscription
      const { done, value } = await events.next()
      if (done === true) return
      // Closed after the event was given out and before it arrived here: nobody has seen it.
      if (queue.isClosed) queue.lastEventId = lastEventId
      else await (async () => onEvent(value))().catch(report)
    }
  } catch (error) {
    if (onError === undefined) throw error
    callHook(onError, error)
  }
}

/** The events as they came, what brings them, and what aborts when a signal ends them. */
function connect(
  settings: Settings,
  onStateChange: (state: SubscriptionState) => void,
): readonly [EventQueue, ReconnectionLoop, AbortSignal] {
  const controller = new AbortController()
  const stops: (() => void)[] = []
  let isStarted = false
  const close = (failure?: Failure) => {
    if (failure) controller.abort(failure[0])
    queue.close(failure)
    loop.close()
  }
  const start = () => {
    isStarted = true
    for (const signal of settings.signals) {
      const onSignal = () => close([signal.reason])
      if (signal.aborted) return onSignal()
      stops.push(onAbort(signal, onSignal))
    }
    loop.start()
  }
  const queue = new EventQueue(settings, close, (waits, isOver) => {
    if (waits && !isStarted) start()
    loop.onConsumer(waits)
    if (isOver) for (const stop of stops.splice(0)) stop()
  })
  const loop = new ReconnectionLoop(settings, queue, onStateChange)
  return [queue, loop, controller.signal]
}
