/* Law: what the loop is told so that it does as the letter says; each option of the caller's changes one thing of that. */
import {
  type Attempt,
  httpUrl,
  type RetryOptions,
  type Settings,
  settingsOf,
  DEFAULTS,
  type Defaults,
  type SubscribeLimits,
  type SubscribeOptions,
  type Timeouts,
} from "../reconnection/index.ts"
import { SseConnectionError } from "../errors.ts"
import type { Clock } from "../internal/clock.ts"

/** What is given to a `fetch` of the caller's: always with a method, a signal, and headers as a plain object. */
export interface EventSourceFetchInit extends RequestInit {
  method: string
  headers: Record<string, string>
  signal: AbortSignal
}

/** A `fetch` of the caller's; the platform's own is one. */
export type EventSourceFetch = (url: string, init: EventSourceFetchInit) => Promise<Response>

/** What an {@link EventSource} can be made with. Without any of it, it does as the specification says. */
export interface EventSourceInit {
  /**
   * Whether cookies and the like go to another origin, and are taken from it.
   * @defaultValue `false`
   */
  withCredentials?: boolean | undefined
  /**
   * Makes the requests.
   * @defaultValue the platform's
   */
  fetch?: EventSourceFetch | undefined
  /**
   * More headers, or a function that is asked for them before each request. With any of them, a redirect to another
   * origin is refused where the platform shows redirects.
   */
  headers?: HeadersInit | ((attempt: Attempt) => HeadersInit | PromiseLike<HeadersInit>) | undefined
  /**
   * The method. Any other than GET is sent once: the end of its stream is an `error` event with `CLOSED`.
   * @defaultValue `"GET"`
   */
  method?: string | undefined
  /** The body, or a function that is asked for it, for a method that takes one. */
  body?: BodyInit | ((attempt: Attempt) => BodyInit | PromiseLike<BodyInit>) | undefined
  /**
   * How often and when to reconnect; `false` is never. What is left out is as the specification says: without a limit,
   * after 3,000 ms or what the server asks for, without growth, spread or ceiling, and only where a connection broke or a
   * stream ended.
   */
  retry?: false | RetryOptions | undefined
  /**
   * How long things may take, in milliseconds.
   * @defaultValue all off
   */
  timeouts?: Timeouts | undefined
  /** How large a line or an event may be, in characters; beyond it, the source is closed. */
  limits?: Pick<SubscribeLimits, "maxLineLength" | "maxEventSize"> | undefined
  /**
   * Where time comes from.
   * @defaultValue the platform's timers
   */
  clock?: Clock | undefined
}

const SPECIFIED_DEFAULTS: Defaults = {
  retry: {
    ...DEFAULTS.retry,
    maxRetries: Infinity,
    initialDelay: 3_000,
    factor: 1,
    jitter: false,
    maxServerDelay: Infinity,
    // Spec: whatever the status is, if it is not 200 the connection fails; a network error is one to come back from.
    shouldRetry: (failure) => failure.retryable && failure.code !== "response",
  },
  timeouts: { ...DEFAULTS.timeouts, connect: 0, idle: 0 },
  // Without headers of the caller's, only the last event ID can follow a redirect, and the letter lets it.
  guardsLastEventId: false,
}

/** What the loop calls. */
export type LoopHooks = Pick<SubscribeOptions, "onOpen" | "onRetry">

/** @throws TypeError, RangeError where a member is not what it must be. */
export function settingsFor(url: URL, init: EventSourceInit, hooks: LoopHooks): Settings {
  const { headers, method, body, retry, timeouts, limits, clock } = init
  const fetch = fetchOf(init)
  const options = { ...hooks, fetch, headers, method, body, retry, timeouts, limits, clock } as SubscribeOptions
  if (httpUrl(url, undefined)) return settingsOf(url, options, SPECIFIED_DEFAULTS)
  // Why without the signal: Node 24 throws, where nobody can catch it, when a data: response is aborted before it is read.
  return settingsOf(({ signal }) => fetchOther(url, fetch, init.fetch && signal), options, SPECIFIED_DEFAULTS)
}

function fetchOf({ fetch, withCredentials }: EventSourceInit): typeof globalThis.fetch {
  return (url, init) => {
    const request: RequestInit = { ...init, ...(withCredentials && { credentials: "include" }) }
    if (fetch === undefined) return globalThis.fetch(url, request)
    return fetch(url as string, { ...request, headers: plainHeaders(init?.headers) } as EventSourceFetchInit)
  }
}

const SPELLED: Readonly<Record<string, string>> = { accept: "Accept", "last-event-id": "Last-Event-ID" }

/** Headers that can be spread into others, under the names that they go by where they are written by hand. */
function plainHeaders(headers: HeadersInit | undefined): Record<string, string> {
  return Object.fromEntries([...new Headers(headers)].map(([name, value]) => [SPELLED[name] ?? name, value]))
}

async function fetchOther(
  url: URL,
  fetch: typeof globalThis.fetch,
  signal: AbortSignal | undefined,
): Promise<Response> {
  if (!/^(data|blob):$/.test(url.protocol)) {
    const message = "Cannot open event stream: the URL must be http, https, data or blob, without credentials"
    throw new SseConnectionError(message, { retryable: false })
  }
  return fetch(url.href, { method: "GET", signal: signal ?? null })
}
