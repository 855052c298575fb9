/*
 * Records what passes: every chunk is copied and passed on unchanged. Recording never fails what is recorded, and its
 * memory is bounded.
 */
import type { subscribe } from "../../client/index.ts"
import { reportGlobally } from "../../internal/hook.ts"
import { type Clock, systemClock } from "../../internal/clock.ts"
import { checkNumber, checkOptions, CLOCK, type OptionKinds } from "../../internal/option-checks.ts"
import { isResponse } from "../../parser/index.ts"
import { EntryLog } from "./entry-log.ts"
import { type NodeExchange, recordNode } from "./node-exchange.ts"
import type { BodyEvents } from "./recorded-body.ts"
import { recordedResponse } from "./recorded-response.ts"
import { recordedSource } from "./recorded-source.ts"
import { recordedSubscribe } from "./recorded-subscribe.ts"
import type { Recording, RecordingEntry } from "./recording.ts"
import { errorFields, Redaction } from "./redaction.ts"

/** Options of {@link record}. */
export interface RecordOptions {
  /**
   * The names of more headers to record; all others but a fixed list without secrets are dropped. Cookies and
   * authorizations are never recorded, and must not be among them.
   */
  readonly headers?: readonly string[] | undefined
  /** The names of the query parameters whose values are recorded, besides `lastEventId`. */
  readonly parameters?: readonly string[] | undefined
  /**
   * Whether the bodies of requests are recorded, if they are strings or `URLSearchParams`. They often hold secrets and
   * personal data. The body of a `Request` is not recorded, because it can be read only once.
   * @defaultValue `false`
   */
  readonly bodies?: boolean | undefined
  /**
   * Called with a copy of each chunk of a body before it is recorded; returns what is recorded in its place. A chunk may be
   * cut anywhere, also inside a secret. If the function throws, the chunk is recorded without its bytes.
   */
  readonly redact?: ((chunk: Uint8Array) => Uint8Array | string) | undefined
  /** Called with each entry as it is recorded, for example to write it to a file. */
  readonly onEntry?: ((entry: RecordingEntry) => void) | undefined
  /**
   * The bytes after which nothing more is recorded: those of all chunks, and 100 for each entry.
   * @defaultValue `67_108_864`
   */
  readonly maxBytes?: number | undefined
  /**
   * The clock of the times.
   * @defaultValue the platform's
   */
  readonly clock?: Clock | undefined
}

const KINDS: OptionKinds<RecordOptions> = {
  headers: "an object",
  parameters: "an object",
  bodies: "a boolean",
  redact: "a function",
  onEntry: "a function",
  maxBytes: true,
  clock: CLOCK,
}
const MAX_BYTES = 67_108_864

/** What is being recorded: the functions whose streams are recorded, and the recording. */
export interface Recorder {
  /** What was recorded so far. The object does not change later. */
  readonly recording: Recording
  /**
   * Returns a `fetch` whose requests and responses are recorded. The body of a response is read as fast as its reader
   * reads.
   *
   * @param fetch - What makes the requests.
   * @defaultValue `globalThis.fetch`
   */
  fetch(fetch?: typeof globalThis.fetch): typeof globalThis.fetch
  /**
   * Returns a response whose body is recorded while it is read: the response of a `fetch`, or one that a server is going
   * to send.
   *
   * @param request - The request that it answers, if it is known.
   * @throws TypeError if the body is locked or was read.
   */
  response(response: Response, request?: Request): Response
  /**
   * Records a response of `node:http`, `node:http2` or express while it is written. Call it before the head is sent, and
   * before a middleware that changes the body, such as one that compresses it.
   */
  node(exchange: NodeExchange): void
  /**
   * Calls `subscribe` and records its requests, states, retries and the error that ends it. Each redirect that the
   * subscription follows is a request of its own.
   */
  readonly subscribe: typeof subscribe
}

export class StreamRecorder implements Recorder {
  readonly #options: RecordOptions
  readonly #redaction: Redaction
  readonly #log: EntryLog
  #requests = 0
  #subscriptions = 0

  constructor(options: RecordOptions) {
    checkOptions(options, KINDS)
    const { headers, parameters, onEntry, clock = systemClock, maxBytes = MAX_BYTES } = options
    this.#options = options
    this.#redaction = new Redaction(headers, parameters)
    this.#log = new EntryLog(clock, checkNumber("maxBytes", maxBytes), onEntry)
  }

  get recording(): Recording {
    return { version: 1, entries: this.#log.entries }
  }

  fetch(fetch: typeof globalThis.fetch = (input, init) => globalThis.fetch(input, init)): typeof globalThis.fetch {
    if (typeof fetch !== "function") throw new TypeError('Cannot record: "fetch" must be a function')
    return async (input, init) => {
      const number = this.#addRequest(input, init)
      const signal = init?.signal ?? (input as Partial<Request> | null | undefined)?.signal
      try {
        return this.#recorded(await fetch(input, init), number, signal)
      } catch (error) {
        this.#addError(number, error, signal)
        throw error
      }
    }
  }

  response(response: Response, request?: Request): Response {
    if (!isResponse(response)) throw new TypeError('Cannot record: "response" must be a Response')
    if (response.bodyUsed || response.body?.locked === true) {
      throw new TypeError("Cannot record response: its body must not be locked or used")
    }
    const number = request === undefined ? this.#requests++ : this.#addRequest(request, undefined)
    return this.#recorded(response, number, undefined)
  }

  node(exchange: NodeExchange): void {
    const { request, response } = exchange ?? {}
    if (typeof request?.headers !== "object" || typeof response?.writeHead !== "function") {
      throw new TypeError('Cannot record: "request" and "response" must be those of a server of Node')
    }
    const number = this.#requests++
    const { method = "GET", url = "", headers } = request
    const entries = Object.entries(headers).map(([name, value]) => [name, String(value)] as const)
    const kept = this.#redaction.headers(entries)
    this.#log.add({ type: "request", request: number, method, url: this.#redaction.url(url), headers: kept })
    recordNode(response, method === "HEAD", {
      ...this.#bodyEvents(number),
      onHead: (status, given) => {
        this.#log.add({ type: "response", request: number, status, headers: this.#redaction.headers(given) })
      },
    })
  }

  get subscribe(): typeof subscribe {
    return recordedSubscribe({
      adder: () => {
        const subscription = this.#subscriptions++
        // The first one has no number, as most recordings have one subscription.
        return (entry) => this.#log.add(subscription === 0 ? entry : { ...entry, subscription })
      },
      fetch: (fetch) => this.fetch(fetch),
      source: (source, signal) => {
        if (isResponse(source)) return this.#recorded(source, this.#requests++, signal)
        const number = this.#requests++
        // Such a source has no head: this one makes a replay of it an event stream.
        const headers = { "content-type": "text/event-stream" }
        this.#log.add({ type: "response", request: number, status: 200, headers })
        return recordedSource(source, this.#bodyEvents(number, signal))
      },
    })
  }

  #recorded(response: Response, number: number, signal: AbortSignal | undefined): Response {
    const { status, headers } = response
    this.#log.add({ type: "response", request: number, status, headers: this.#redaction.headers(headers) })
    return recordedResponse(response, this.#bodyEvents(number, signal))
  }

  #bodyEvents(number: number, signal?: AbortSignal): BodyEvents {
    return {
      onChunk: (bytes) => this.#addChunk(number, bytes),
      onEnd: () => this.#log.add({ type: "end", request: number }),
      onError: (error) => this.#addError(number, error, signal),
      onCancel: () => this.#log.add({ type: "cancel", request: number }),
    }
  }

  #addRequest(input: RequestInfo | URL, init: RequestInit | undefined): number {
    const number = this.#requests++
    try {
      const body = this.#bodyOf(init?.body)
      const request = this.#redaction.request(input, init)
      this.#log.add({ type: "request", request: number, ...request, ...(body !== undefined && { body }) })
    } catch {
      // The arguments are not valid: the request fails.
    }
    return number
  }

  #bodyOf(body: RequestInit["body"]): string | undefined {
    const { bodies, redact } = this.#options
    if (bodies !== true || !(typeof body === "string" || body instanceof URLSearchParams)) return undefined
    const text = String(body)
    return redact === undefined ? text : new TextDecoder().decode(this.#redacted(new TextEncoder().encode(text)))
  }

  #addChunk(number: number, bytes: Uint8Array): void {
    const isKept = this.#options.redact === undefined
    this.#log.addChunk(number, isKept ? bytes : this.#redacted(new Uint8Array(bytes)))
  }

  #redacted(copy: Uint8Array): Uint8Array {
    try {
      const kept: unknown = this.#options.redact!(copy)
      if (typeof kept === "string") return new TextEncoder().encode(kept)
      if (kept instanceof Uint8Array) return kept
      throw new TypeError(`Cannot record chunk: "redact" must return bytes or a string, not ${typeof kept}`)
    } catch (error) {
      reportGlobally(error)
      return new Uint8Array(0)
    }
  }

  /** A request that its caller aborts is one that its reader stops. */
  #addError(number: number, error: unknown, signal: AbortSignal | null | undefined): void {
    if (signal?.aborted === true) this.#log.add({ type: "cancel", request: number })
    else this.#log.add({ type: "error", request: number, ...errorFields(error) })
  }
}
