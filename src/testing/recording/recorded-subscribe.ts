/* Records a subscription by its hooks, its requests and the iterator that its consumer reads. */
import { subscribe, type Subscription } from "../../client/index.ts"
import type { SseEvent } from "../../event.ts"
import type { SseSource } from "../../parser/index.ts"
import { followRedirect, type PreparedRequest, requestHasBody, showsRedirects } from "../../reconnection/index.ts"
import type { Entry } from "./entry-log.ts"
import type { FailureEntry, RetryEntry, StateEntry } from "./recording.ts"
import { errorFields } from "./redaction.ts"

/** What a recorder does for a subscription. */
export interface SubscriptionRecorder {
  /** Returns what adds the entries of the next subscription. */
  readonly adder: () => (entry: SubscriptionEntry) => void
  fetch(fetch?: typeof globalThis.fetch): typeof globalThis.fetch
  readonly source: (source: SseSource, signal: AbortSignal) => SseSource
}

/** An entry of a subscription, without its time and its subscription. */
export type SubscriptionEntry = Extract<Entry, Pick<StateEntry | RetryEntry | FailureEntry, "type">>

type Target = Parameters<typeof subscribe>[0]
type Options = NonNullable<Parameters<typeof subscribe>[1]>

/** Returns a `subscribe` that is recorded. */
export function recordedSubscribe(recorder: SubscriptionRecorder): typeof subscribe {
  const recorded = (target: Target, options: Options = {}) => {
    const add = recorder.adder()
    const subscription = subscribe(recordedTarget(target, recorder), {
      ...options,
      ...(typeof target !== "function" && { fetch: recordedFetch(options.fetch, recorder) }),
      ...hooks(options, add),
    }) as Subscription<SseEvent<string, unknown>>
    return recordFailure(subscription, add)
  }
  return recorded as typeof subscribe
}

function recordedTarget(target: Target, { source }: SubscriptionRecorder): Target {
  if (typeof target !== "function") return target
  return async (attempt) => source(await target(attempt), attempt.signal)
}

/**
 * A subscription follows redirects itself on the platform's own `fetch`, and drops the headers of the caller at another
 * origin. Only `fetch` is replaced here, so the same is done.
 */
function recordedFetch(
  fetch: typeof globalThis.fetch | undefined,
  recorder: SubscriptionRecorder,
): typeof globalThis.fetch {
  const recorded = recorder.fetch(fetch)
  if (fetch !== undefined) return recorded
  return async (input, given = {}) => {
    if (given.redirect !== undefined || !showsRedirects()) return recorded(input, given)
    const source = input instanceof Request ? input : undefined
    const init = {
      ...given,
      headers: new Headers(given.headers),
      method: given.method ?? "GET",
      redirect: "manual",
    } as const
    const hasBody = (given.body ?? undefined) !== undefined || requestHasBody(source)
    const url = new URL(source?.url ?? String(input))
    const request: PreparedRequest = { url, input: source, init, hasBody, leftHeaders: false }
    for (let hops = 0; ; hops++) {
      const response = await recorded(request.input ?? request.url.href, { ...request.init })
      if (!followRedirect(request, response, hops)) return response
    }
  }
}

function hooks(
  { onStateChange, onRetry }: Options,
  add: (entry: SubscriptionEntry) => void,
): Pick<Options, "onStateChange" | "onRetry"> {
  return {
    // What the hook of the caller returns is returned, as its promise may reject.
    onStateChange: (state) => {
      add({ type: "state", state })
      return onStateChange?.(state)
    },
    onRetry: (info) => {
      const { attempt, delay, error } = info
      add({
        type: "retry",
        attempt,
        delay: Math.round(delay * 1_000) / 1_000,
        ...subscriptionError(error),
        code: error.code,
      })
      return onRetry?.(info)
    },
  }
}

function recordFailure<Event extends SseEvent<string, unknown>>(
  subscription: Subscription<Event>,
  add: (entry: SubscriptionEntry) => void,
): Subscription<Event> {
  const open = subscription[Symbol.asyncIterator].bind(subscription)
  let isRecorded = false
  const record = (error: unknown): never => {
    if (!isRecorded) add({ type: "failure", ...subscriptionError(error) })
    isRecorded = true
    throw error
  }
  return Object.assign(subscription, {
    [Symbol.asyncIterator]() {
      const iterator = open()
      const next = iterator.next.bind(iterator)
      return Object.assign(iterator, { next: () => next().catch(record) })
    },
  })
}

function subscriptionError(error: unknown): { readonly name: string; readonly code?: string; readonly phase?: string } {
  const { phase } = (error ?? {}) as { readonly phase?: unknown }
  return { ...errorFields(error), ...(typeof phase === "string" && { phase }) }
}
