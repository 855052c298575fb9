import { onAbort } from "../internal/abort-listener.ts"
import { ignore } from "../internal/cancel.ts"
import { checkOptions, type OptionKinds } from "../internal/option-checks.ts"
import { bodyOf, SharedBody } from "./scripted-body.ts"

/** A request that {@link scriptedFetch} received. */
export interface ScriptedRequest {
  /** The URL, as the caller passed it. */
  readonly url: string
  /** The method, in the case in which `fetch` sends it. */
  readonly method: string
  /** The headers that the caller passed. */
  readonly headers: Headers
  /** The body, as the caller passed it. */
  readonly body: RequestInit["body"]
  /** The signal that aborts the request. */
  readonly signal: AbortSignal | undefined
  /** The second argument of `fetch`. */
  readonly init: RequestInit
}

/** The outcome of a request: a response, an event stream, or the error of a network that fails. */
export type ScriptedOutcome = Response | ScriptedStream | Error

/** The answer to one request, or a function that returns it. */
export type ScriptedAnswer =
  | ScriptedOutcome
  | ((request: ScriptedRequest) => ScriptedOutcome | PromiseLike<ScriptedOutcome>)

/** An event stream: its pieces, and how it ends. */
export interface ScriptedStream {
  /**
   * The status.
   * @defaultValue `200`
   */
  readonly status?: number | undefined
  /** More headers. They replace the content type of an event stream if they have one. */
  readonly headers?: Record<string, string> | undefined
  /** The body, piece by piece. */
  readonly chunks?: readonly (string | Uint8Array)[] | undefined
  /**
   * What follows the pieces: the end, the error of a broken connection, or nothing.
   * @defaultValue `"close"`
   */
  readonly end?: "close" | "reset" | "stall" | undefined
}

/** A `fetch` that follows a script, and records its requests and the state of its answers. */
export interface ScriptedFetch {
  (input: string | URL | Request, init?: RequestInit): Promise<Response>
  /** The requests so far. */
  readonly requests: ScriptedRequest[]
  /** The number of scripted streams whose bodies are neither finished nor cancelled. */
  readonly openBodies: number
}

/**
 * Creates a `fetch` that answers the n-th request with the n-th answer, and every further request with the last one.
 *
 * An Error rejects; a function is called, and may wait without end. The rules of the platform's `fetch` apply: it rejects a
 * request that `new Request()` refuses, such as one with a body and the method GET, and a redirect if `redirect` is
 * `"error"`; no other redirect is followed. When the signal of a request aborts, the request rejects and its body errors with
 * the reason. A request that is aborted before it is made is not recorded and uses no answer.
 *
 * A `Response` in the script may answer several requests. Cancelling or aborting one of its bodies cancels the body of that
 * `Response`, which then ends there for further requests. Use a function to answer each request with a new one.
 *
 * @example
 * ```ts
 * import { subscribe } from "steadystream/client"
 * import { scriptedFetch } from "steadystream/testing"
 *
 * const fetch = scriptedFetch([{ chunks: ["id: 1\ndata: a\n\n"] }, new Response(null, { status: 204 })])
 * for await (const event of subscribe("https://example.com/", { fetch, retry: { initialDelay: 0 } })) console.log(event)
 * console.log(fetch.requests[1]?.headers.get("last-event-id")) // 1
 * ```
 */
export function scriptedFetch(answers: readonly ScriptedAnswer[]): ScriptedFetch {
  if (!Array.isArray(answers))
    throw new TypeError(`Cannot script fetch: "answers" must be an array, not ${typeof answers}`)
  for (const answer of answers) if (isStream(answer)) checkOptions(answer, STREAM_KINDS)
  const requests: ScriptedRequest[] = []
  const open = new Set<object>()
  const shared = new WeakMap<Response, SharedBody>()
  const fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const { request, redirect } = requestOf(input, init)
    const { signal } = request
    signal?.throwIfAborted()
    const answer = answers[Math.min(requests.push(request), answers.length) - 1]
    if (answer === undefined) throw new TypeError("Cannot fetch: the script must have an answer")
    const outcome = await orAbort(() => decide(answer, request), signal)
    signal?.throwIfAborted()
    if (outcome instanceof Error) throw outcome
    const response =
      outcome instanceof Response ? sharedResponse(outcome, signal, shared) : streamResponse(outcome, signal, open)
    if (redirect === "error" && REDIRECTS.has(response.status)) {
      response.body?.cancel().catch(ignore)
      throw new TypeError('Cannot fetch: the response must not be a redirect if "redirect" is "error"')
    }
    return response
  }
  return Object.defineProperties(fetch as ScriptedFetch, {
    requests: { value: requests },
    openBodies: { get: () => open.size },
  })
}

const STREAM_KINDS: OptionKinds<ScriptedStream> = {
  status: "a number",
  headers: "an object",
  chunks: "an object",
  end: '"close", "reset" or "stall"',
}

function isStream(answer: ScriptedAnswer): answer is ScriptedStream {
  return typeof answer === "object" && !(answer instanceof Response) && !(answer instanceof Error)
}

/** Spec: https://fetch.spec.whatwg.org/#redirect-status */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** Statuses whose response has no body. Spec: https://fetch.spec.whatwg.org/#null-body-status */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304])

/**
 * Returns a request as it is recorded, and its redirect mode.
 *
 * @throws TypeError if the platform refuses it.
 */
function requestOf(
  input: string | URL | Request,
  init: RequestInit,
): { readonly request: ScriptedRequest; readonly redirect: string } {
  const base = typeof input === "object" && "method" in input ? input : undefined
  const url = base?.url ?? String(input)
  const body = init.body ?? base?.body
  const headers = new Headers(init.headers ?? base?.headers)
  // Neither the body, which this would lock, nor the signal, on which this would leave a listener.
  const { method, redirect } = new Request(url, {
    ...init,
    method: init.method ?? base?.method ?? "GET",
    redirect: init.redirect ?? base?.redirect ?? "follow",
    headers,
    body: body == null ? null : "",
    signal: null,
  })
  return { request: { url, method, headers, body, signal: init.signal ?? base?.signal, init }, redirect }
}

/** Microtasks that every request takes: `fetch` never settles at once, so that the caller can abort it. */
const MICROTASKS = 4

async function decide(answer: ScriptedAnswer, request: ScriptedRequest): Promise<ScriptedOutcome> {
  const outcome = typeof answer === "function" ? answer(request) : answer
  for (let turn = 0; turn < MICROTASKS; turn++) await Promise.resolve()
  return outcome
}

function orAbort<T>(run: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return run()
  return new Promise<T>((resolve, reject) => {
    const forget = onAbort(signal, () => reject(signal.reason as Error))
    run().then(resolve, reject).finally(forget)
  })
}

/** Returns a response with the status, headers and body of `original`, which further requests can have as well. */
function sharedResponse(
  original: Response,
  signal: AbortSignal | undefined,
  shared: WeakMap<Response, SharedBody>,
): Response {
  if (original.body === null) return original.clone()
  let body = shared.get(original)
  if (body === undefined) {
    if (original.bodyUsed) throw new TypeError("Cannot fetch: the body of a scripted Response must not have been read")
    body = new SharedBody(original.body)
    shared.set(original, body)
  }
  const { status, statusText, headers, url, redirected } = original
  const response = new Response(bodyOf(body.open(), signal), { status, statusText, headers })
  return Object.defineProperties(response, { url: { value: url }, redirected: { value: redirected } })
}

function streamResponse(script: ScriptedStream, signal: AbortSignal | undefined, open: Set<object>): Response {
  checkOptions(script, STREAM_KINDS)
  const { status = 200 } = script
  const headers = new Headers(script.headers)
  if (BODILESS.has(status)) return new Response(null, { status, headers })
  if (!headers.has("content-type")) headers.set("content-type", "text/event-stream")
  const pieces = [...(script.chunks ?? [])]
  const encoder = new TextEncoder()
  const body = {}
  open.add(body)
  const source = {
    async next() {
      const piece = pieces.shift()
      if (piece !== undefined) return typeof piece === "string" ? encoder.encode(piece) : piece
      if (script.end === "stall") await new Promise<never>(() => {})
      if (script.end === "reset") throw new TypeError("terminated")
      return undefined
    },
    cancel: ignore,
  }
  return new Response(
    bodyOf(source, signal, () => void open.delete(body)),
    { status, headers },
  )
}
