/* Law: how the request of an attempt is made: anew each time, with fresh headers and body and the cursor. */
import { SseConnectionError } from "../errors.ts"
import type { SubscriptionWarning } from "./hooks.ts"
import { fitsQuery, lastEventIdHeader } from "./last-event-id.ts"
import type { Attempt, Resume, ResumeInit, SubscribeOptions } from "./options.ts"
import { httpUrl } from "./http-url.ts"
import { type AttemptContext, connectionError, Misuse } from "./transport.ts"

/** Headers that say something of a body, and go when it goes. */
export const BODY_HEADERS: readonly string[] = [
  "content-encoding",
  "content-language",
  "content-length",
  "content-location",
  "content-type",
]

/** What the requests of all attempts are made of. */
export interface RequestPlan {
  readonly url: string
  /** The Request that was given, whose members `init` has as well. */
  readonly request: Request | undefined
  readonly method: string
  readonly headers: SubscribeOptions["headers"]
  readonly body: SubscribeOptions["body"]
  /** The other members, for `fetch`. */
  readonly init: RequestInit
  readonly resume: Resume
  readonly lastEventIdParam: string | undefined
  /** Whether a redirect to another origin is refused because the last event ID would go with it. */
  readonly guardsCursor: boolean
  readonly fetch: typeof globalThis.fetch
}

/** The request of one attempt, or of one hop of it. */
export interface PreparedRequest {
  readonly url: string
  /** What `fetch` is given instead of the URL. */
  readonly input: Request | undefined
  readonly method: string
  readonly headers: Headers
  /** The body, where it is not the one of `input`. */
  readonly body: BodyInit | undefined
  readonly hasBody: boolean
  /** Whether the body is gone once it was sent. */
  readonly oneShot: boolean
  readonly init: RequestInit
  readonly hasCallerHeaders: boolean
  readonly hasCursor: boolean
}

/**
 * Makes the request of an attempt.
 *
 * @param warn - Called where the last event ID cannot be sent.
 */
export async function prepareRequest(
  plan: RequestPlan,
  attempt: Attempt,
  context: AttemptContext,
  warn: (warning: SubscriptionWarning) => void,
): Promise<PreparedRequest> {
  const { interruption, isFirst } = context
  const given = await interruption.wait(() => askForHeaders(plan, attempt))
  const headers = mergedHeaders(plan.request?.headers, given)
  const change = isFirst ? undefined : await interruption.wait(() => askForChange(plan.resume, attempt))
  const method = change?.method?.toUpperCase() ?? plan.method
  const body = await interruption.wait(() => askForBody(plan, attempt, method, change))
  if (body === undefined && takesBodyAway(plan, method)) for (const name of BODY_HEADERS) headers.delete(name)
  if (change?.headers !== undefined) for (const [name, value] of headersOf(change.headers)) headers.set(name, value)
  if (isKeyed(plan.resume)) headers.set("idempotency-key", plan.resume.idempotencyKey)
  const hasCallerHeaders = headers.keys().next().done !== true
  if (!headers.has("accept")) headers.set("accept", "text/event-stream")
  const url = withCursor(plan, nextUrl(plan, change), headers, attempt.lastEventId, warn)
  const input = plan.request !== undefined && isAsGiven(plan.request, url, method) ? plan.request : undefined
  const hasBody = body !== undefined || (input !== undefined && requestHasBody(input))
  if (!hasBody && plan.request !== undefined && method === plan.method && requestHasBody(plan.request)) {
    throw new SseConnectionError("Cannot repeat request: the body of a Request can be sent only once", {
      retryable: false,
    })
  }
  const { url: _url, headers: _headers, body: _body, method: _method, ...changedInit } = change ?? {}
  return {
    url,
    input,
    method,
    headers,
    body,
    hasBody,
    oneShot: body === undefined || isOneShot(body),
    init: { ...plan.init, ...changedInit },
    hasCallerHeaders,
    hasCursor: attempt.lastEventId !== "" && plan.guardsCursor,
  }
}

async function askForHeaders(plan: RequestPlan, attempt: Attempt): Promise<HeadersInit | undefined> {
  if (typeof plan.headers !== "function") return plan.headers
  try {
    return await plan.headers(attempt)
  } catch (cause) {
    throw connectionError('the "headers" function failed', cause)
  }
}

async function askForChange(resume: Resume, attempt: Attempt): Promise<ResumeInit | undefined> {
  if (resume === "get") return { method: "GET" }
  if (typeof resume !== "function") return undefined
  try {
    return await resume(attempt)
  } catch (cause) {
    throw connectionError('the "resume" function failed', cause)
  }
}

async function askForBody(
  plan: RequestPlan,
  attempt: Attempt,
  method: string,
  change: ResumeInit | undefined,
): Promise<BodyInit | undefined> {
  if (change?.body !== undefined) return change.body ?? undefined
  if (method === "GET" || method === "HEAD") return undefined
  if (typeof plan.body !== "function") return plan.body ?? undefined
  try {
    return await plan.body(attempt)
  } catch (cause) {
    throw connectionError('the "body" function failed', cause)
  }
}

function mergedHeaders(base: Headers | undefined, given: HeadersInit | undefined): Headers {
  const headers = new Headers(base)
  if (given !== undefined) for (const [name, value] of headersOf(given)) headers.set(name, value)
  return headers
}

function headersOf(init: HeadersInit): Headers {
  try {
    return new Headers(init)
  } catch {
    // Why without a cause: the platform's error quotes the value, which may be a secret.
    throw new SseConnectionError("Cannot open event stream: the headers must be valid names and values", {
      retryable: false,
    })
  }
}

function withCursor(
  plan: RequestPlan,
  href: string,
  headers: Headers,
  lastEventId: string,
  warn: (warning: SubscriptionWarning) => void,
): string {
  const url = new URL(href)
  if (lastEventId !== "") {
    const param = plan.lastEventIdParam
    const value = param === undefined ? lastEventIdHeader(lastEventId) : undefined
    if (param !== undefined && fitsQuery(lastEventId)) setParam(url, param, lastEventId)
    else if (value !== undefined) headers.set("last-event-id", value)
    else warn({ code: "unsendable-id", message: "The last event ID is not sent: no request can carry it unchanged" })
  }
  return url.href
}

function nextUrl(plan: RequestPlan, change: ResumeInit | undefined): string {
  if (change?.url === undefined) return plan.url
  try {
    return httpUrl(change.url, plan.url, 'the "url" that "resume" gives')
  } catch (error) {
    throw new Misuse(error)
  }
}

/** Not by `searchParams`, which spells all the others anew: a signature over the query would no longer hold. */
function setParam(url: URL, name: string, value: string): void {
  const pairs = url.search === "" ? [] : url.search.slice(1).split("&")
  const others = pairs.filter((pair) => !new URLSearchParams(pair).has(name))
  url.search = [...others, String(new URLSearchParams([[name, value]]))].join("&")
}

/** Whether a request has had a body that one by `method` has not. */
function takesBodyAway({ body, request, method: original }: RequestPlan, method: string): boolean {
  return body !== undefined || (request !== undefined && method !== original && requestHasBody(request))
}

/** Whether a Request can be given to `fetch` as it is; what its members do not show goes with it only then. */
function isAsGiven(request: Request, url: string, method: string): boolean {
  return request.url === url && request.method === method && !request.bodyUsed
}

function isKeyed(resume: Resume): resume is { readonly idempotencyKey: string } {
  return typeof resume === "object"
}

/** Whether a Request has a body; where the platform does not show it, whether it may have one. */
export function requestHasBody(request: Request): boolean {
  const body = request.body as ReadableStream | null | undefined
  return body === undefined ? request.method !== "GET" && request.method !== "HEAD" : body !== null
}

/** Whether `body` is gone once it was read: a stream, or what makes one. */
export function isOneShot(body: unknown): boolean {
  if (typeof body !== "object" || body === null) return false
  return typeof (body as Partial<ReadableStream>).getReader === "function" || Symbol.asyncIterator in body
}
