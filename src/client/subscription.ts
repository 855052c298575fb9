/* The consumer's side of a subscription. It has one consumer, and every way to leave it calls `close`. */
import type { EventDecoder } from "../contract/index.ts"
import type { SseEvent, SseEventIterator } from "../event.ts"
import { onAbort, reasonOf } from "../internal/abort-listener.ts"
import type { Failure } from "../internal/channel.ts"
import { iteratorOf } from "../internal/iterator.ts"
import { EventQueue } from "./event-queue.ts"
import type { Settings, SubscriptionEnd, SubscriptionState } from "../reconnection/index.ts"
import { StateFeed } from "./state-feed.ts"

/** The iterator of a subscription: leaving a loop calls `return`, which closes the subscription. */
export interface SubscriptionIterator<Event extends SseEvent<string, unknown> = SseEvent> extends AsyncIterableIterator<
  Event,
  undefined,
  undefined
> {
  /** Returns the next event. The first call starts the subscription; any number of calls may wait. */
  next(): Promise<IteratorResult<Event, undefined>>
  /** Closes the subscription. */
  return(): Promise<IteratorResult<Event, undefined>>
  /** Closes the subscription and rejects with `error`. */
  throw(error: unknown): Promise<IteratorResult<Event, undefined>>
  /** Returns the iterator itself. */
  [Symbol.asyncIterator](): SubscriptionIterator<Event>
}

/** The handlers of {@link Subscription.listen}. */
export interface SubscriptionHandlers<Event extends SseEvent<string, unknown> = SseEvent> {
  /** Called with each event. The next call waits until the returned promise has settled. */
  readonly onEvent: (event: Event) => unknown
  /** Called once if the subscription ends with a failure; the promise of `listen` then fulfils instead of rejecting. */
  readonly onError?: ((error: unknown) => void) | undefined
}

/** One stream of events across reconnections, for one consumer. */
export interface Subscription<Event extends SseEvent<string, unknown> = SseEvent> extends AsyncIterable<
  Event,
  undefined,
  undefined
> {
  /** The state; it is `"connecting"` also before the first `next()`. */
  readonly state: SubscriptionState
  /**
   * The last event ID in force after the last event that the consumer took: safe to store, since a
   * subscription that resumes from it gets every later event.
   */
  readonly lastEventId: string
  /** How many attempts were made after the first one. */
  readonly retries: number
  /**
   * How many events named `steadystream.gap` the consumer has come to: those that it took, those that `onGap` was called
   * with, and those that a contract skipped.
   */
  readonly gaps: number
  /** @internal How many connections sent an event again by its ID, or had no ID to resume from: an answer is then doubled. */
  readonly restarts?: number
  /** How the subscription ended, so that a cut stream is not taken for a whole one; `undefined` while events may follow. */
  readonly end: SubscriptionEnd | undefined
  /** Iterates the state now and each later one, up to `"closed"`. Any number of observers may call it. */
  states(): AsyncIterableIterator<SubscriptionState, undefined, undefined>
  /** Ends the subscription at once: queued events are dropped, and waiting calls of `next()` are done. */
  close(): void
  /**
   * Calls a handler with each event. An error that the handler throws, or rejects with, is reported to `onHandlerError`
   * and does not stop the subscription.
   *
   * @throws TypeError if the subscription already has a consumer.
   */
  listen(handlers: SubscriptionHandlers<Event>): Promise<void>
  /**
   * Returns the iterator, whose first `next()` starts the subscription.
   *
   * @throws TypeError if the subscription already has a consumer.
   */
  [Symbol.asyncIterator](): SubscriptionIterator<Event>
  /** Closes the subscription; missing if the platform has no such symbol. */
  [Symbol.asyncDispose](): Promise<void>
}

const CANCELLED: SubscriptionEnd = { reason: "cancelled", mark: undefined }

/** Fills the queue of a subscription. */
export interface SubscriptionLoop {
  readonly state: SubscriptionState
  readonly retries: number
  /** How it ended, unless it was closed. */
  readonly ending: SubscriptionEnd | undefined
  start(): void
  /** Ends everything at once, without a call of the queue. */
  close(): void
  /** Called after each change of the queue, with whether the consumer waits. */
  onConsumer(isWaiting: boolean): void
}

type CreateLoop = (queue: EventQueue, onStateChange: (state: SubscriptionState) => void) => SubscriptionLoop

/**
 * @param contract - Decodes the events that the consumer gets.
 * @param createLoop - Creates the loop that fills the queue.
 */
export function createSubscription(
  settings: Settings,
  contract: EventDecoder<SseEvent<string, unknown>> | undefined,
  createLoop: CreateLoop,
): Subscription<SseEvent<string, unknown>> {
  const feed = new StateFeed()
  const [queue, loop, signal] = connect(settings, createLoop, feed)
  const events: SseEventIterator<SseEvent<string, unknown>> = contract?.read(queue, signal) ?? queue
  let isConsumed = false
  const subscription: Omit<Subscription<SseEvent<string, unknown>>, typeof Symbol.asyncDispose> = {
    get state() {
      return loop.state
    },
    get lastEventId() {
      return events.lastEventId
    },
    get retries() {
      return loop.retries
    },
    get gaps() {
      return queue.gaps
    },
    get restarts() {
      return queue.restarts
    },
    get end() {
      if (queue.isLeft) return CANCELLED
      return queue.isOver ? loop.ending : undefined
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
  return disposable(subscription)
}

function disposable<Event extends SseEvent<string, unknown>>(
  subscription: Omit<Subscription<Event>, typeof Symbol.asyncDispose>,
): Subscription<Event> {
  // Not a member of the literal, since without the symbol its name would be "undefined".
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
  handlers: SubscriptionHandlers<Event> | undefined,
  queue: EventQueue,
  { report, callHook }: Settings,
): Promise<void> {
  const { onEvent, onError } = handlers ?? ({} as Partial<SubscriptionHandlers<Event>>)
  if (typeof onEvent !== "function") throw new TypeError('Cannot listen: "onEvent" must be a function')
  if (typeof (onError ?? onEvent) !== "function") throw new TypeError('Cannot listen: "onError" must be a function')
  const events = subscription[Symbol.asyncIterator]()
  try {
    for (;;) {
      const { lastEventId } = subscription
      const { done, value } = await events.next()
      if (done === true) return
      // Closed while the event was on its way here: no consumer has seen it.
      if (queue.isClosed) queue.lastEventId = lastEventId
      else await (async () => onEvent(value))().catch(report)
    }
  } catch (error) {
    if (onError === undefined) throw error
    callHook(onError, error)
  }
}

/** The queue, the loop that fills it, and a signal that aborts if one of the caller ends them. */
function connect(
  settings: Settings,
  createLoop: CreateLoop,
  feed: StateFeed,
): readonly [EventQueue, SubscriptionLoop, AbortSignal] {
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
      const onSignal = () => close([reasonOf(signal)])
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
  const loop = createLoop(queue, (state) => {
    feed.push(state)
    settings.callHook(settings.onStateChange, state)
  })
  return [queue, loop, controller.signal]
}
