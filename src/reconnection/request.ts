/* Makes the request of an attempt, anew each time: with fresh headers, a fresh body and the last event ID. */
import { SseConnectionError } from "../errors.ts"
import type { Step } from "../internal/step.ts"
import { misuse } from "./checks.ts"
import { wrapFailure } from "./connection-failure.ts"
import { httpUrl } from "./http-url.ts"
import { sendLastEventId } from "./last-event-id.ts"
import type { Attempt, Resume, ResumeInit, SubscribeOptions } from "./options.ts"

/** The settings of the requests, if the target is not a function. */
export interface RequestSettings extends Pick<SubscribeOptions, "headers" | "body" | "fetch" | "lastEventIdParam"> {
  readonly url: URL
  /** The Request that is the target; `init` has its members as well. */
  readonly request: Request | undefined
  readonly method: string
  /** Whether the first request has a body. */
  readonly hasBody: boolean
  /** The other members, for `fetch`. */
  readonly init: RequestInit
  readonly resume: Resume
}

/** The request of one attempt, which each hop of it changes. */
export interface PreparedRequest {
  url: URL
  /** Passed to `fetch` instead of the URL. */
  input: Request | undefined
  readonly init: RequestInit & { method: string; readonly headers: Headers }
  hasBody: boolean
  /** Whether a redirect to another origin removed headers. */
  leftHeaders: boolean
}

/**
 * Makes the request of an attempt.
 *
 * @param warn - Called if the last event ID cannot be sent.
 */
export async function prepareRequest(
  settings: RequestSettings,
  attempt: Attempt,
  isFirst: boolean,
  step: Step,
  warn: () => void,
): Promise<PreparedRequest> {
  const { request, resume } = settings
  const { lastEventId, signal } = attempt
  const ask = <T>(option: Asked<T>) => step.wait(() => wrapFailure(() => answerOf(option, attempt)))
  const headers = new Headers(request?.headers)
  setHeaders(headers, await ask(settings.headers))
  const change: ResumeInit = (await ask(isFirst ? undefined : changeOf(resume))) ?? {}
  const { url: given, headers: others, body: other, method: verb = settings.method, ...init } = change
  const method = verb.toUpperCase()
  const body = (other === undefined && takesBody(method) ? await ask(settings.body) : other) ?? undefined
  const url = httpUrl(given ?? settings.url, given === undefined ? undefined : settings.url)
  if (typeof url === "string") throw misuse(url, "subscribe")
  if (body === undefined && settings.hasBody && (settings.body !== undefined || method !== settings.method)) {
    dropBodyHeaders(headers)
  }
  setHeaders(headers, others)
  if (typeof resume === "object") headers.set("idempotency-key", resume.idempotencyKey)
  if (!headers.has("accept")) headers.set("accept", "text/event-stream")
  if (lastEventId !== "" && !sendLastEventId(lastEventId, url, settings.lastEventIdParam, headers)) warn()
  const input = request?.url === url.href && request.method === method && !request.bodyUsed ? request : undefined
  const takesOver = body === undefined && method === settings.method && requestHasBody(request)
  if (takesOver && !input) throw refusal('"body" must be sent only once')
  return {
    url,
    input,
    init: { ...settings.init, ...init, method, headers, ...(body !== undefined && { body }), signal },
    hasBody: body !== undefined || takesOver,
    leftHeaders: false,
  }
}

function changeOf(resume: Resume) {
  if (typeof resume === "function") return resume
  return resume === "get" ? { method: "GET" } : undefined
}

type Asked<T> = T | ((attempt: Attempt) => T | PromiseLike<T>)

function answerOf<T>(option: Asked<T>, attempt: Attempt): T | PromiseLike<T> {
  return typeof option === "function" ? (option as (attempt: Attempt) => T)(attempt) : option
}

function refusal(reason: string): SseConnectionError {
  return new SseConnectionError(`Cannot read event stream: ${reason}`, { retryable: false })
}

/** Drops what says something of a body, and goes when it goes. */
export function dropBodyHeaders(headers: Headers): void {
  for (const name of Array.from(headers.keys())) if (name.startsWith("content-")) headers.delete(name)
}

function setHeaders(headers: Headers, init: RequestInit["headers"]): void {
  const others = headersOf(init)
  if (others === undefined) throw refusal('"headers" must be valid')
  for (const [name, value] of others) headers.set(name, value)
}

/** Headers of `init`, `undefined` if they are not valid; the platform's error would quote the value, which may be secret. */
export function headersOf(init: RequestInit["headers"]): Headers | undefined {
  try {
    return new Headers(init)
  } catch {
    return undefined
  }
}

export function takesBody(method: string): boolean {
  return method !== "GET" && method !== "HEAD"
}

/** Whether a Request has a body, or may have one if the platform does not show it. */
export function requestHasBody(request: { readonly body?: unknown; readonly method: string } | undefined): boolean {
  return request !== undefined && (request.body === undefined ? takesBody(request.method) : request.body !== null)
}

/** Whether `body` can be read only once: a stream or an async iterable. */
export function isOneShot(body: unknown): boolean {
  return typeof body === "object" && body !== null && ("getReader" in body || Symbol.asyncIterator in body)
}
