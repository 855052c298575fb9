/* The settings that make the loop behave as specified; each option of the caller changes one of them. */
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

/** The second argument of the `fetch` option: always with a method, a signal, and headers as a plain object. */
export interface EventSourceFetchInit extends RequestInit {
  method: string
  headers: Record<string, string>
  signal: AbortSignal
}

/** The `fetch` option; the platform's `fetch` is one. */
export type EventSourceFetch = (url: string, init: EventSourceFetchInit) => Promise<Response>

/** Options of {@link EventSource}. Without any, it behaves as specified. */
export interface EventSourceInit {
  /**
   * Whether credentials are sent to another origin.
   * @defaultValue `false`
   */
  withCredentials?: boolean | undefined
  /**
   * Makes the requests.
   * @defaultValue the platform's
   */
  fetch?: EventSourceFetch | undefined
  /**
   * More headers, or a function that is called before each request. If a redirect leads to another origin, they are not
   * sent there, if the platform shows redirects and there is no option `fetch`.
   */
  headers?:
    | RequestInit["headers"]
    | ((attempt: Attempt) => RequestInit["headers"] | PromiseLike<RequestInit["headers"]>)
  /**
   * The method. Any other than GET and QUERY is sent once: the end of its stream is an `error` event with `CLOSED`.
   * @defaultValue `"GET"`
   */
  method?: string | undefined
  /** The body, or a function that is called before each request, for a method that takes a body. */
  body?: RequestInit["body"] | ((attempt: Attempt) => RequestInit["body"] | PromiseLike<RequestInit["body"]>)
  /**
   * How often and when to reconnect; `false` is never. The defaults are as specified: without a limit, after
   * 3,000 ms or the delay that the server asks for, without growth or jitter, and only if the connection broke or the
   * stream ended.
   */
  retry?: false | RetryOptions | undefined
  /**
   * The deadlines, in milliseconds.
   * @defaultValue all off
   */
  timeouts?: Timeouts | undefined
  /** How large a line or an event may be, in characters; beyond it, the source is closed. */
  limits?: Pick<SubscribeLimits, "maxLineLength" | "maxEventSize"> | undefined
  /**
   * The source of time.
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
    // Spec: any status but 200 fails the connection; a network error reestablishes it.
    shouldRetry: (failure) => failure.retryable && failure.code !== "response",
  },
  timeouts: { ...DEFAULTS.timeouts, connect: 0, idle: 0 },
  normalEnd: "call close() at the last event",
}

/** The hooks that the loop calls. */
export type LoopHooks = Pick<SubscribeOptions, "onOpen" | "onRetry">

/** @throws TypeError, RangeError if a member is not valid. */
export function settingsFor(url: URL, init: EventSourceInit, hooks: LoopHooks): Settings {
  const { headers, method, body, retry, timeouts, limits, clock } = init
  const fetch = init.fetch && fetchOf(init.fetch)
  const credentials = init.withCredentials ? ("include" as const) : undefined
  const own = { fetch, credentials, headers, method, body, retry, timeouts, limits, clock }
  const options = { ...hooks, ...own } as SubscribeOptions
  if (typeof httpUrl(url, undefined) === "object") return settingsOf(url, options, SPECIFIED_DEFAULTS)
  return settingsOf(({ signal }) => fetchOther(url, fetch, { credentials, signal }), options, SPECIFIED_DEFAULTS)
}

function fetchOf(fetch: EventSourceFetch): typeof globalThis.fetch {
  return (url, init) => fetch(url as string, { ...init, headers: plainHeaders(init?.headers) } as EventSourceFetchInit)
}

const SPELLED: Readonly<Record<string, string>> = { accept: "Accept", "last-event-id": "Last-Event-ID" }

/** The headers as a plain object, which callers can spread, under their usual spelling. */
function plainHeaders(headers: RequestInit["headers"]): Record<string, string> {
  return Object.fromEntries([...new Headers(headers)].map(([name, value]) => [SPELLED[name] ?? name, value]))
}

async function fetchOther(
  url: URL,
  fetch: typeof globalThis.fetch | undefined,
  { credentials, signal }: { readonly credentials: "include" | undefined; readonly signal: AbortSignal },
): Promise<Response> {
  if (!/^(data|blob):$/.test(url.protocol)) {
    const message = "Cannot open event stream: the URL must be http, https, data or blob, without credentials"
    throw new SseConnectionError(message, { retryable: false })
  }
  const init = { method: "GET", ...(credentials && { credentials }) }
  // Why without the signal: Node 24 throws an error that cannot be caught if a data: response is aborted before it is read.
  return fetch ? fetch(url.href, { ...init, signal }) : globalThis.fetch(url.href, { ...init, signal: null })
}
