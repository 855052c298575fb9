/** A request that {@link scriptedFetch} was asked for. */
export interface ScriptedRequest {
  /** The URL, as it was given. */
  readonly url: string
  /** The method. */
  readonly method: string
  /** The headers. */
  readonly headers: Headers
  /** The body, as it was given. */
  readonly body: RequestInit["body"]
  /** What aborts the request. */
  readonly signal: AbortSignal | undefined
  /** The second argument of `fetch`. */
  readonly init: RequestInit
}

/** What becomes of a request: a response, an event stream, or an error as of a network that fails. */
export type ScriptedOutcome = Response | ScriptedStream | Error

/** What one request is answered with, or what decides it. */
export type ScriptedAnswer =
  | ScriptedOutcome
  | ((request: ScriptedRequest) => ScriptedOutcome | PromiseLike<ScriptedOutcome>)

/** An event stream: its pieces, and how it ends. */
export interface ScriptedStream {
  /**
   * The status.
   * @defaultValue 200
   */
  readonly status?: number | undefined
  /** Headers besides the content type of an event stream. */
  readonly headers?: Record<string, string> | undefined
  /** The body, piece by piece. */
  readonly chunks?: readonly (string | Uint8Array)[] | undefined
  /**
   * What follows the pieces: the end, an error as of a broken connection, or nothing.
   * @defaultValue `"close"`
   */
  readonly end?: "close" | "reset" | "stall" | undefined
}

/** A `fetch` that plays a script, with what it was asked and what became of its answers. */
export interface ScriptedFetch {
  (input: string | URL | Request, init?: RequestInit): Promise<Response>
  /** The requests so far. */
  readonly requests: ScriptedRequest[]
  /** How many bodies of scripted streams are neither finished nor cancelled. */
  readonly openBodies: number
}

/**
 * Makes a `fetch` that answers the n-th request with the n-th answer, and every further one with the last.
 *
 * An Error rejects; a function is called, and may wait for ever. An abort of the request's
 * signal rejects what waits and breaks the body, as the platform's `fetch` does.
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
  const requests: ScriptedRequest[] = []
  const open = new Set<object>()
  const fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const request = requestOf(input, init)
    const answer = answers[Math.min(requests.push(request), answers.length) - 1]
    if (answer === undefined) throw new TypeError("Cannot fetch: the script must have an answer")
    request.signal?.throwIfAborted()
    const decided = typeof answer === "function" ? Promise.resolve(answer(request)) : Promise.resolve(answer)
    const outcome = await orAbort(decided, request.signal)
    if (outcome instanceof Error) throw outcome
    return outcome instanceof Response ? outcome.clone() : streamResponse(outcome, request.signal, open)
  }
  return Object.defineProperties(fetch as ScriptedFetch, {
    requests: { value: requests },
    openBodies: { get: () => open.size },
  })
}

function requestOf(input: string | URL | Request, init: RequestInit): ScriptedRequest {
  const base = typeof input === "object" && "method" in input ? input : undefined
  return {
    url: base?.url ?? String(input),
    method: init.method ?? base?.method ?? "GET",
    headers: new Headers(init.headers ?? base?.headers),
    body: init.body ?? base?.body,
    signal: init.signal ?? base?.signal,
    init,
  }
}

function orAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true })
    promise.then(resolve, reject)
  })
}

/** Statuses whose response has no body. Spec: https://fetch.spec.whatwg.org/#null-body-status */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304])

function streamResponse(script: ScriptedStream, signal: AbortSignal | undefined, open: Set<object>): Response {
  const { status = 200 } = script
  if (BODILESS.has(status)) return new Response(null, { status, headers: script.headers ?? {} })
  const pieces = [...(script.chunks ?? [])]
  const encoder = new TextEncoder()
  const body = {}
  open.add(body)
  const stream = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const fail = () => {
          if (open.delete(body)) controller.error(signal?.reason)
        }
        signal?.addEventListener("abort", fail, { once: true })
      },
      pull(controller) {
        const piece = pieces.shift()
        if (piece !== undefined) return controller.enqueue(typeof piece === "string" ? encoder.encode(piece) : piece)
        if (script.end === "stall") return new Promise<void>(() => {})
        open.delete(body)
        return script.end === "reset" ? controller.error(new TypeError("terminated")) : controller.close()
      },
      cancel() {
        open.delete(body)
      },
    },
    { highWaterMark: 0 },
  )
  const headers = { "content-type": "text/event-stream", ...script.headers }
  return new Response(stream, { status, headers })
}
