/* Law: the options, checked and completed at the call: misuse throws here, before anything happens. */
import { type Clock, systemClock } from "../internal/clock.ts"
import { callbackTransport } from "./callback-transport.ts"
import { timeoutsOf } from "./deadlines.ts"
import type { QueueLimits } from "./event-queue.ts"
import { callHook, reporterOf, type SubscriptionHooks } from "./hooks.ts"
import { HttpTransport } from "./http-transport.ts"
import { httpUrl } from "./http-url.ts"
import type { RetryOptions, SubscribeLimits, SubscribeOptions as Options, SubscribeTarget } from "./options.ts"
import { baseUrl } from "./page.ts"
import { isOneShot, type RequestPlan, requestHasBody } from "./request.ts"
import { type RetryPolicy, retryPolicyOf } from "./retry.ts"
import type { Transport } from "./transport.ts"

/** The options that a loop runs by; the contract is the consumer's. */
type SubscribeOptions = Omit<Options, "events">

/** What a loop runs by. */
export interface Settings {
  readonly transport: Transport
  /** Whether a failed attempt, a clean end included, is followed by another. */
  readonly reconnects: boolean
  readonly retry: RetryPolicy
  readonly timeouts: ReturnType<typeof timeoutsOf>
  readonly parserLimits: { readonly maxLineLength?: number; readonly maxEventSize?: number }
  readonly queueLimits: QueueLimits
  readonly until: SubscribeOptions["until"]
  readonly dedupe: boolean
  readonly lastEventId: string
  readonly clock: Clock
  readonly hooks: SubscriptionHooks
  readonly report: (error: unknown) => void
  /** Signals that end the subscription. */
  readonly signals: readonly AbortSignal[]
  readonly pauseWhenHidden: boolean
  readonly waitForOnline: boolean
}

/**
 * @param guardsCursor - Whether the last event ID keeps a request from following a redirect to another origin.
 * @throws TypeError, RangeError where the target or an option is not what it must be.
 */
export function settingsOf(target: SubscribeTarget, options: SubscribeOptions, guardsCursor = true): Settings {
  const report = reporterOf(options)
  const isCallback = typeof target === "function"
  const plan = isCallback ? undefined : requestPlanOf(target, options, guardsCursor)
  const resumes = plan === undefined ? options.resume !== "never" : canRepeat(plan)
  if (options.pauseWhenHidden === true && plan !== undefined && plan.method !== "GET") {
    throw new TypeError('Cannot subscribe: "pauseWhenHidden" must be used with GET only')
  }
  const { until, lastEventId = "" } = options
  if (until !== undefined && typeof until !== "string" && typeof until !== "function") {
    throw new TypeError('Cannot subscribe: "until" must be a string or a function')
  }
  if (typeof lastEventId !== "string") throw new TypeError('Cannot subscribe: "lastEventId" must be a string')
  return {
    transport: isCallback
      ? callbackTransport(target)
      : new HttpTransport(plan!, (warning) => callHook(options.onWarning, warning, report)),
    reconnects: options.retry !== false && resumes,
    retry: retryPolicyOf(options.retry === false ? {} : retryOptionsOf(options.retry)),
    timeouts: timeoutsOf(options.timeouts ?? {}),
    ...limitsOf(options.limits ?? {}),
    until,
    dedupe: options.dedupe ?? false,
    lastEventId,
    clock: options.clock ?? systemClock,
    hooks: options,
    report,
    signals: signalsOf(target, options),
    pauseWhenHidden: options.pauseWhenHidden ?? false,
    waitForOnline: options.waitForOnline ?? false,
  }
}

function retryOptionsOf(retry: RetryOptions | undefined): RetryOptions {
  if (retry !== undefined && (typeof retry !== "object" || retry === null)) {
    throw new TypeError('Cannot subscribe: "retry" must be false or an object')
  }
  return retry ?? {}
}

function requestPlanOf(target: string | URL | Request, options: SubscribeOptions, guardsCursor: boolean): RequestPlan {
  const request = isRequest(target) ? target : undefined
  const url = httpUrl(request?.url ?? (target as string | URL), baseUrl(), "the URL")
  const method = (options.method ?? request?.method ?? "GET").toUpperCase()
  const body = options.body ?? undefined
  if (body !== undefined && (method === "GET" || method === "HEAD")) {
    throw new TypeError(`Cannot subscribe: "method" must be one that takes a body, not ${method}`)
  }
  if (request?.bodyUsed === true) throw new TypeError("Cannot subscribe: the body of the Request must not be used")
  checkHeaders(options.headers)
  const fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init))
  return {
    url,
    request,
    method,
    headers: options.headers,
    body,
    init: { cache: "no-store", ...(request && membersOf(request)), ...initOf(options) },
    resume: resumeOf(options.resume ?? (method === "GET" ? "same" : "never")),
    lastEventIdParam: options.lastEventIdParam,
    guardsCursor,
    fetch,
  }
}

function isRequest(target: unknown): target is Request {
  const request = target as Partial<Request> | null
  return typeof request === "object" && typeof request?.url === "string" && typeof request.method === "string"
}

function checkHeaders(headers: SubscribeOptions["headers"]): void {
  if (headers === undefined || typeof headers === "function") return
  try {
    void new Headers(headers)
  } catch {
    throw new TypeError('Cannot subscribe: "headers" must be valid names and values')
  }
}

function resumeOf(resume: RequestPlan["resume"]): RequestPlan["resume"] {
  const isKey = typeof resume === "object" && typeof resume?.idempotencyKey === "string"
  if (isKey || typeof resume === "function" || ["same", "never", "get"].includes(resume as string)) return resume
  throw new TypeError('Cannot subscribe: "resume" must be "same", "never", "get", an idempotency key or a function')
}

function canRepeat({ resume, body, request }: RequestPlan): boolean {
  if (resume === "never") return false
  if (resume === "get" || typeof resume === "function") return true
  return !isOneShot(body) && (body !== undefined || request === undefined || !requestHasBody(request))
}

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

/** The members of a Request that say something else than the default. */
function membersOf(request: Request): RequestInit {
  const standard: Record<string, unknown> = { cache: "default", redirect: "follow", referrer: "about:client" }
  const members: Record<string, unknown> = {}
  for (const name of REQUEST_MEMBERS) {
    const value: unknown = request[name]
    if (value !== undefined && value !== "" && value !== false && value !== standard[name]) members[name] = value
  }
  return members
}

const OWN_OPTIONS = new Set(
  (
    "method headers body fetch signal events lastEventId lastEventIdParam until dedupe retry resume timeouts limits clock " +
    "pauseWhenHidden waitForOnline onOpen onRetry onComment onStateChange onGap onWarning onHandlerError"
  ).split(" "),
)

/** The options that are `fetch`'s own, also those that only one platform knows. */
function initOf(options: SubscribeOptions): RequestInit {
  return Object.fromEntries(
    Object.entries(options).filter(([name, value]) => !OWN_OPTIONS.has(name) && value !== undefined),
  )
}

function limitsOf(limits: SubscribeLimits): Pick<Settings, "parserLimits" | "queueLimits"> {
  const valueOf = (name: keyof SubscribeLimits, standard: number) => {
    const value = limits[name] ?? standard
    if (value > 0) return value
    throw new RangeError(`Cannot subscribe: "limits.${name}" must be a positive number, not ${value}`)
  }
  const size = 16 * 1024 * 1024
  return {
    parserLimits: { maxLineLength: valueOf("maxLineLength", size), maxEventSize: valueOf("maxEventSize", size) },
    queueLimits: { maxQueuedEvents: valueOf("maxQueuedEvents", 256), maxQueuedSize: valueOf("maxQueuedSize", size) },
  }
}

function signalsOf(target: SubscribeTarget, options: SubscribeOptions): AbortSignal[] {
  const signals = [options.signal, isRequest(target) ? target.signal : undefined]
  return signals.filter((signal) => signal !== undefined && signal !== null)
}
