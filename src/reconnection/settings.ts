/* Checks the options at the call and completes them with the defaults: misuse throws before anything happens. */
import { type Clock, systemClock } from "../internal/clock.ts"
import { callHook, reportGlobally } from "../internal/hook.ts"
import { checkOptions, CLOCK, DECODER, type OptionKinds, SIGNAL, withDefaults } from "../internal/option-checks.ts"
import { check, misuse } from "./checks.ts"
import { httpUrl } from "./http-url.ts"
import type { Connect, SubscribeLimits, SubscribeOptions as Options, SubscribeTarget, Timeouts } from "./options.ts"
import { baseUrl } from "./page.ts"
import { headersOf, isOneShot, requestHasBody, type RequestSettings, takesBody } from "./request.ts"
import { DEFAULT_RETRY, type RetryPolicy, retryPolicyOf } from "./retry.ts"

/** The options of a loop; only a subscription has a contract. */
type SubscribeOptions = Omit<Options, "events">

/** The options that have a meaning here; all others are passed to `fetch`. */
type OwnOption = Exclude<keyof Options, keyof RequestInit> | "method" | "headers" | "body" | "signal"

/** The members of a Request that a request to another URL takes over. */
type RequestMember = Exclude<keyof Request & keyof RequestInit, "method" | "headers" | "body" | "signal">

/** Every option of our own, by its name: one that is missing here does not compile. */
export const OWN_OPTIONS: OptionKinds<Pick<Options, OwnOption>> = {
  method: "a string",
  headers: true,
  body: true,
  fetch: "a function",
  signal: SIGNAL,
  events: DECODER,
  lastEventId: "a string",
  lastEventIdParam: "a string",
  until: "a string or a function",
  check: "a boolean",
  dispatchEmpty: "a boolean",
  dedupe: "a boolean",
  retry: "false or an object",
  resume: true,
  timeouts: true,
  limits: true,
  clock: CLOCK,
  pauseWhenHidden: "a boolean",
  waitForOnline: "a boolean",
  onOpen: "a function",
  onRetry: "a function",
  onMetrics: "a function",
  onComment: "a function",
  onStateChange: "a function",
  onGap: "a function",
  onWarning: "a function",
  onHandlerError: "a function",
}

/** Those members by their names, each with the default, which is not passed on. */
export const REQUEST_DEFAULTS: { readonly [Name in RequestMember]: Request[Name] | undefined } = {
  cache: "default",
  credentials: undefined,
  integrity: "",
  keepalive: false,
  mode: undefined,
  redirect: "follow",
  referrer: "about:client",
  referrerPolicy: "",
}

const SIZE = 16 * 1024 * 1024
export const LIMITS: Record<keyof SubscribeLimits, number> = {
  maxLineLength: SIZE,
  maxEventSize: SIZE,
  maxQueuedEvents: 256,
  maxQueuedSize: SIZE,
}

/** What applies if the caller sets nothing else. */
export interface Defaults {
  readonly retry: RetryPolicy
  /** In milliseconds; 0 is off. */
  readonly timeouts: Readonly<Record<keyof Timeouts, number>>
  /** What a message advises if the server closes the stream: how the caller can make this a normal end. */
  readonly normalEnd: string
}

export const DEFAULTS: Defaults = {
  retry: DEFAULT_RETRY,
  timeouts: { connect: 30_000, firstEvent: 0, idle: 300_000, eventIdle: 0, total: 0 },
  normalEnd: 'set "until" or "retry: false"',
}

/** The checked options, and what follows from them. */
export interface Settings extends Omit<
  Pick<SubscribeOptions, OwnOption & keyof SubscribeOptions>,
  "retry" | "timeouts" | "limits"
> {
  readonly target: Connect | RequestSettings
  /** Whether another attempt follows a failed one, or a clean end. */
  readonly reconnects: boolean
  readonly retry: RetryPolicy
  /** In milliseconds. */
  readonly timeouts: Defaults["timeouts"]
  /** Whether `timeouts.idle` is learnt from the comments of the server. */
  readonly learnsIdle: boolean
  readonly normalEnd: string
  readonly limits: Readonly<typeof LIMITS>
  readonly lastEventId: string
  /** Whether events of another loop came before. */
  readonly isContinued?: boolean
  /** Signals that end the subscription. */
  readonly signals: readonly AbortSignal[]
  readonly clock: Clock
  /** Calls a hook; what it throws is reported. */
  readonly callHook: <Value>(hook: ((value: Value) => unknown) | undefined, value: Value) => undefined
  readonly report: (error: unknown) => void
}

/** @throws TypeError, RangeError if the target or an option is not valid. */
export function settingsOf(
  target: SubscribeTarget,
  options: SubscribeOptions,
  defaults: Defaults = DEFAULTS,
): Settings {
  // Names as well, as far as they look like a wrong spelling.
  checkOptions(options, OWN_OPTIONS, true)
  const own = ownOptions(options)
  const { lastEventId = "", retry, timeouts } = own
  const request = typeof target === "function" ? undefined : requestSettings(target, own, options)
  const report = (error: unknown) => callHook(own.onHandlerError ?? reportGlobally, error)
  return {
    ...own,
    target: request ?? (target as Connect),
    reconnects: retry !== false && (request ? canRepeat(request) : own.resume !== "never"),
    retry: retryPolicyOf(retry || {}, defaults.retry),
    timeouts: withDefaults("timeouts", numbersOf(timeouts), defaults.timeouts),
    learnsIdle: timeouts?.idle === "auto",
    normalEnd: defaults.normalEnd,
    limits: withDefaults("limits", own.limits, LIMITS, 1),
    lastEventId,
    signals: [own.signal, request?.request?.signal].filter((signal) => !!signal),
    clock: own.clock ?? systemClock,
    callHook: (hook, value) => callHook(hook, value, report),
    report,
  }
}

/** Each is read by its name, so that inherited ones count as well; one that is null is missing. */
function ownOptions(options: SubscribeOptions): Pick<SubscribeOptions, keyof SubscribeOptions & OwnOption> {
  const own: Record<string, unknown> = {}
  for (const name in OWN_OPTIONS) own[name] = options[name as keyof SubscribeOptions] ?? undefined
  return own
}

function requestSettings(
  target: string | URL | Request,
  own: SubscribeOptions,
  options: SubscribeOptions,
): RequestSettings {
  const request = isRequest(target) ? target : undefined
  const isUrl = typeof target === "string" || typeof (target as Partial<URL> | null | undefined)?.href === "string"
  const rule = "the target must be a URL, a Request or a function, not "
  if (request === undefined && !isUrl) throw misuse(rule + kindOf(target), "subscribe")
  const { headers, fetch, lastEventIdParam, pauseWhenHidden, body } = own
  const method = (own.method ?? request?.method ?? "GET").toUpperCase()
  const url = httpUrl(request?.url ?? (target as string | URL), baseUrl())
  const isSafe = method === "GET" || method === "QUERY"
  const resume = own.resume ?? (isSafe ? "same" : "never")
  const isResume =
    typeof resume === "object"
      ? headersOf({ "idempotency-key": resume.idempotencyKey }) && typeof resume.idempotencyKey === "string"
      : typeof resume === "function" || ["same", "never", "get"].includes(resume)
  if (typeof url === "string") throw misuse(url, "subscribe")
  check(body === undefined || takesBody(method), '"method" must take a body')
  check(request?.bodyUsed !== true, '"body" must not be used')
  check(typeof headers === "function" || headersOf(headers), '"headers" must be valid')
  check(isResume, '"resume" must be "same", "never", "get", a key or a function')
  check(!pauseWhenHidden || isSafe, '"pauseWhenHidden" must be used with GET or QUERY')
  return {
    url,
    request,
    method,
    headers,
    body,
    fetch,
    lastEventIdParam,
    hasBody: body !== undefined || requestHasBody(request),
    init: fetchInit(request, options),
    resume,
  }
}

/** The deadlines; one that is learnt is off at first. */
function numbersOf(timeouts: Timeouts | undefined): Partial<Defaults["timeouts"]> | undefined {
  return (timeouts?.idle === "auto" ? { ...timeouts, idle: 0 } : timeouts) as Partial<Defaults["timeouts"]> | undefined
}

/** What a value is, without its content. */
function kindOf(value: unknown): string {
  if (value === null || value === undefined) return `${value}`
  return typeof value === "object" ? "another object" : `a ${typeof value}`
}

function isRequest(target: unknown): target is Request {
  return typeof (target as Partial<Request> | null | undefined)?.method === "string"
}

function canRepeat({ resume, body, hasBody }: RequestSettings): boolean {
  if (resume === "get" || typeof resume === "function") return true
  return resume !== "never" && !isOneShot(body) && (body !== undefined || !hasBody)
}

/** The options of `fetch`, also those that only one platform knows, and the members of a Request. */
function fetchInit(request: Request | undefined, options: SubscribeOptions): RequestInit {
  const init: Record<string, unknown> = { cache: "no-store", duplex: "half" }
  for (const [name, standard] of Object.entries(REQUEST_DEFAULTS)) {
    const value = request?.[name as keyof typeof REQUEST_DEFAULTS]
    if (value && value !== standard) init[name] = value
  }
  for (const [name, value] of Object.entries(options)) {
    if (!(name in OWN_OPTIONS) && value !== undefined) init[name] = value
  }
  return init
}
