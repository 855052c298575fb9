/* Law: the options, checked and completed at the call: misuse throws here, before anything happens. */
import { type Clock, systemClock } from "../internal/clock.ts"
import { callHook, reportGlobally } from "../internal/hook.ts"
import { withDefaults } from "../internal/option-checks.ts"
import { httpUrl } from "./http-url.ts"
import { check } from "./checks.ts"
import type { Connect, SubscribeLimits, SubscribeOptions as Options, SubscribeTarget, Timeouts } from "./options.ts"
import { baseUrl } from "./page.ts"
import { headersOf, isOneShot, requestHasBody, type RequestSettings, takesBody } from "./request.ts"
import { type RetryPolicy, retryPolicyOf, STANDARD_RETRY } from "./retry.ts"

/** The options that a loop runs by; the contract is the consumer's. */
type SubscribeOptions = Omit<Options, "events">

const SIZE = 16 * 1024 * 1024
const LIMITS: Record<keyof SubscribeLimits, number> = {
  maxLineLength: SIZE,
  maxEventSize: SIZE,
  maxQueuedEvents: 256,
  maxQueuedSize: SIZE,
}
/** What holds where the caller says nothing. */
export interface Standard {
  readonly retry: RetryPolicy
  /** In milliseconds; 0 is off. */
  readonly timeouts: Readonly<Record<keyof Timeouts, number>>
  /** Whether a redirect to another origin is refused because the last event ID would go with it. */
  readonly guardsCursor: boolean
}

export const STANDARD: Standard = {
  retry: STANDARD_RETRY,
  timeouts: { connect: 30_000, firstEvent: 0, idle: 300_000, eventIdle: 0, total: 0 },
  guardsCursor: true,
}

/** What a loop runs by: the options, and what they come to. */
export interface Settings extends Omit<SubscribeOptions, keyof RequestSettings | "retry" | "timeouts" | "limits"> {
  readonly target: Connect | RequestSettings
  /** Whether a failed attempt, a clean end included, is followed by another. */
  readonly reconnects: boolean
  readonly retry: RetryPolicy
  /** In milliseconds. */
  readonly timeouts: Standard["timeouts"]
  readonly limits: Readonly<typeof LIMITS>
  readonly lastEventId: string
  /** Signals that end the subscription. */
  readonly signals: readonly AbortSignal[]
  readonly clock: Clock
  /** Calls a hook; what it throws is reported. */
  readonly tell: <Value>(hook: ((value: Value) => unknown) | undefined, value: Value) => undefined
  readonly report: (error: unknown) => void
}

/**
 * @throws TypeError, RangeError where the target or an option is not what it must be.
 */
export function settingsOf(
  target: SubscribeTarget,
  options: SubscribeOptions,
  standard: Standard = STANDARD,
): Settings {
  // Each by its name, so that what an object inherits counts as well.
  const { until, dedupe, lastEventId = "", retry, pauseWhenHidden, waitForOnline } = options
  const { onOpen, onRetry, onComment, onStateChange, onGap, onWarning, onHandlerError } = options
  const isFunction = typeof target === "function"
  const request = isFunction ? undefined : requestSettings(target, options, standard.guardsCursor)
  check(["undefined", "string", "function"].includes(typeof until), '"until" must be a string or a function')
  check(typeof lastEventId === "string", '"lastEventId" must be a string')
  const isRetry = retry === undefined || retry === false || (typeof retry === "object" && retry !== null)
  check(isRetry, '"retry" must be false or an object')
  const report = (error: unknown) => callHook(onHandlerError ?? reportGlobally, error)
  return {
    until,
    dedupe,
    pauseWhenHidden,
    waitForOnline,
    onOpen,
    onRetry,
    onComment,
    onStateChange,
    onGap,
    onWarning,
    target: request ?? (target as Connect),
    reconnects: retry !== false && (request ? canRepeat(request) : options.resume !== "never"),
    retry: retryPolicyOf(retry || {}, standard.retry),
    timeouts: withDefaults("timeouts", options.timeouts, standard.timeouts),
    limits: withDefaults("limits", options.limits, LIMITS, 1),
    lastEventId,
    signals: [options.signal, request?.request?.signal].filter((signal) => !!signal),
    clock: options.clock ?? systemClock,
    tell: (hook, value) => callHook(hook, value, report),
    report,
  }
}

function requestSettings(
  target: string | URL | Request,
  options: SubscribeOptions,
  guardsCursor: boolean,
): RequestSettings {
  const request = isRequest(target) ? target : undefined
  const { headers, fetch, lastEventIdParam, pauseWhenHidden } = options
  const method = (options.method ?? request?.method ?? "GET").toUpperCase()
  const body = options.body ?? undefined
  const url = httpUrl(request?.url ?? (target as string | URL), baseUrl())
  const resume = options.resume ?? (method === "GET" ? "same" : "never")
  const isResume =
    typeof resume === "object"
      ? headersOf({ "idempotency-key": resume.idempotencyKey }) && typeof resume.idempotencyKey === "string"
      : typeof resume === "function" || /^(same|never|get)$/.test(resume)
  check(url, "the URL must be http or https, without credentials")
  check(body === undefined || takesBody(method), '"method" must take a body')
  check(request?.bodyUsed !== true, '"body" must not be used')
  check(typeof headers === "function" || headersOf(headers), '"headers" must be valid')
  check(isResume, '"resume" must be "same", "never", "get", a key or a function')
  check(!pauseWhenHidden || method === "GET", '"pauseWhenHidden" must be used with GET')
  return {
    url,
    request,
    method,
    headers,
    body,
    fetch,
    lastEventIdParam,
    hasBody: body !== undefined || requestHasBody(request),
    init: initOf(request, options),
    resume,
    guardsCursor,
  }
}

function isRequest(target: unknown): target is Request {
  return typeof (target as Partial<Request> | null | undefined)?.method === "string"
}

function canRepeat({ resume, body, hasBody }: RequestSettings): boolean {
  if (resume === "get" || typeof resume === "function") return true
  return resume !== "never" && !isOneShot(body) && (body !== undefined || !hasBody)
}

const OWN_OPTIONS =
  /^(method|headers|body|fetch|signal|events|lastEventId|lastEventIdParam|until|dedupe|retry|resume|timeouts|limits|clock|pauseWhenHidden|waitForOnline|on[A-Z].*)$/

/** The members of a Request that go with it to another URL. */
const REQUEST_MEMBERS = [
  "cache",
  "credentials",
  "integrity",
  "keepalive",
  "mode",
  "redirect",
  "referrer",
  "referrerPolicy",
] as const

/** What those members are where nobody has said anything. */
const DEFAULT = /^(|undefined|false|default|follow|about:client)$/

/** What is for `fetch` alone: options that are its own, also those that only one platform knows, and a Request's members. */
function initOf(request: Request | undefined, options: SubscribeOptions): RequestInit {
  const init: Record<string, unknown> = { cache: "no-store", duplex: "half" }
  for (const name of REQUEST_MEMBERS) if (!DEFAULT.test(`${request?.[name]}`)) init[name] = request?.[name]
  for (const [name, value] of Object.entries(options)) {
    if (!OWN_OPTIONS.test(name) && value !== undefined) init[name] = value
  }
  return init
}
