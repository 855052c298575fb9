/*
 * Records what passes: every chunk is copied and passed on unchanged. Recording never fails what is recorded, and its
 * memory is bounded.
 */
import { subscribe, type Subscription } from "../../client/index.ts"
import type { SseEvent } from "../../event.ts"
import { callHook, reportGlobally } from "../../internal/hook.ts"
import { type Clock, systemClock } from "../../internal/clock.ts"
import { checkNumber, checkOptions, CLOCK, type OptionKinds } from "../../internal/option-checks.ts"
import { type NodeExchange, recordNode } from "./node-exchange.ts"
import { recordedBody } from "./recorded-body.ts"
import type { Recording, RecordingEntry } from "./recording.ts"
import { Redaction } from "./redaction.ts"

/** Options of {@link record}. */
export interface RecordOptions {
  /** The names of more headers to record; all others but a fixed list without secrets are dropped. */
  readonly headers?: readonly string[] | undefined
  /** The names of the query parameters whose values are recorded, besides `lastEventId`. */
  readonly parameters?: readonly string[] | undefined
  /**
   * Whether the bodies of requests are recorded, if they are text. They often hold secrets and texts of people.
   * @defaultValue `false`
   */
  readonly bodies?: boolean | undefined
  /**
   * Called with each chunk of a response before it is recorded; returns what is recorded in its place. If it throws, the
   * chunk is recorded without its bytes.
   */
  readonly redact?: ((chunk: Uint8Array) => Uint8Array | string) | undefined
  /** Called with each entry as it is recorded, for example to write it to a file. */
  readonly onEntry?: ((entry: RecordingEntry) => void) | undefined
  /**
   * The bytes of all chunks after which nothing more is recorded.
   * @defaultValue `67_108_864`
   */
  readonly maxBytes?: number | undefined
  /** The clock of the times. */
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

type Entry = RecordingEntry extends infer One ? (One extends RecordingEntry ? Omit<One, "at"> : never) : never

/** What is being recorded. */
export class Recorder {
  readonly #options: RecordOptions
  readonly #clock: Clock
  readonly #redaction: Redaction
  readonly #entries: RecordingEntry[] = []
  readonly #start: number
  readonly #maxBytes: number
  #bytes = 0
  #requests = 0
  #isFull = false

  /** @internal */
  constructor(options: RecordOptions) {
    checkOptions(options, KINDS)
    const { headers, parameters, clock = systemClock, maxBytes = MAX_BYTES } = options
    this.#options = options
    this.#clock = clock
    this.#maxBytes = checkNumber("maxBytes", maxBytes)
    this.#redaction = new Redaction(headers, parameters)
    this.#start = clock.now()
  }

  /** What was recorded so far. The object does not change later. */
  get recording(): Recording {
    return { version: 1, entries: [...this.#entries] }
  }

  /**
   * Returns a `fetch` whose requests and responses are recorded.
   *
   * @param fetch - What makes the requests.
   * @defaultValue `globalThis.fetch`
   */
  fetch(fetch: typeof globalThis.fetch = (input, init) => globalThis.fetch(input, init)): typeof globalThis.fetch {
    return async (input, init) => {
      const number = this.#addRequest(input, init)
      try {
        return this.#response(await fetch(input, init), number)
      } catch (error) {
        this.#addError(number, error)
        throw error
      }
    }
  }

  /**
   * Returns a response whose body is recorded while it is read: the response of a `fetch`, or one that a server is going
   * to send.
   *
   * @param request - The request that it answers, if it is known.
   * @throws TypeError if the body is locked or was read.
   */
  response(response: Response, request?: Request): Response {
    const number = request === undefined ? this.#requests++ : this.#addRequest(request, undefined)
    return this.#response(response, number)
  }

  /** Records a response of node:http while it is written. Call it before the head is sent. */
  node({ request, response }: NodeExchange): void {
    const number = this.#requests++
    const { method = "GET", url = "", headers } = request
    const entries = Object.entries(headers).map(([name, value]) => [name, String(value)] as const)
    const kept = this.#redaction.headers(entries)
    this.#add({ type: "request", request: number, method, url: this.#redaction.url(url), headers: kept })
    recordNode(response, {
      onHead: (status, given) => {
        this.#add({ type: "response", request: number, status, headers: this.#redaction.headers(given) })
      },
      onChunk: (bytes) => this.#addChunk(number, bytes),
      onEnd: () => this.#add({ type: "end", request: number }),
      onCancel: () => this.#add({ type: "cancel", request: number }),
    })
  }

  /** Calls `subscribe` and records its requests, states and retries. */
  get subscribe(): typeof subscribe {
    const recorded = (target: Parameters<typeof subscribe>[0], options: Parameters<typeof subscribe>[1] = {}) => {
      const { onStateChange, onRetry } = options
      return subscribe(target, {
        ...options,
        fetch: this.fetch(options.fetch),
        onStateChange: (state) => {
          this.#add({ type: "state", state })
          onStateChange?.(state)
        },
        onRetry: (info) => {
          const { attempt, delay, error } = info
          const { name, code } = error
          const { phase } = error as { readonly phase?: string }
          this.#add({ type: "retry", attempt, delay, name, code, ...(phase !== undefined && { phase }) })
          onRetry?.(info)
        },
      }) as Subscription<SseEvent<string, unknown>>
    }
    return recorded as typeof subscribe
  }

  #response(response: Response, number: number): Response {
    const { status, headers, body } = response
    this.#add({ type: "response", request: number, status, headers: this.#redaction.headers(headers) })
    if (body === null) {
      this.#add({ type: "end", request: number })
      return response
    }
    const recorded = recordedBody(body, {
      onChunk: (bytes) => this.#addChunk(number, bytes),
      onEnd: () => this.#add({ type: "end", request: number }),
      onError: (error) => this.#addError(number, error),
      onCancel: () => this.#add({ type: "cancel", request: number }),
    })
    const { statusText, url, redirected } = response
    const copy = new Response(recorded, { status, statusText, headers })
    return Object.defineProperties(copy, { url: { value: url }, redirected: { value: redirected } })
  }

  #addRequest(input: RequestInfo | URL, init: RequestInit | undefined): number {
    const number = this.#requests++
    const base = typeof input === "object" && "method" in input ? input : undefined
    const headers = this.#redaction.headers(new Headers(init?.headers ?? base?.headers))
    const url = this.#redaction.url(base?.url ?? String(input))
    const method = (init?.method ?? base?.method ?? "GET").toUpperCase()
    const { body } = init ?? {}
    const isKept = this.#options.bodies === true && typeof body === "string"
    this.#add({ type: "request", request: number, method, url, headers, ...(isKept && { body }) })
    return number
  }

  #addChunk(number: number, bytes: Uint8Array): void {
    if (this.#isFull) return
    this.#bytes += bytes.length
    if (this.#bytes > this.#maxBytes) {
      this.#add({ type: "limit" })
      this.#isFull = true
      return
    }
    this.#add({ type: "chunk", request: number, bytes: this.#redacted(bytes) })
  }

  /** A copy: the reader may overwrite the chunk. */
  #redacted(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    const { redact } = this.#options
    if (redact === undefined) return new Uint8Array(bytes)
    try {
      const kept = redact(bytes)
      return typeof kept === "string" ? new TextEncoder().encode(kept) : new Uint8Array(kept)
    } catch (error) {
      reportGlobally(error)
      return new Uint8Array(0)
    }
  }

  #addError(number: number, error: unknown): void {
    const { name, code, cause } = (error ?? {}) as Partial<Record<"name" | "code" | "cause", unknown>>
    const inner = (cause as { readonly code?: unknown } | null | undefined)?.code ?? code
    const known = typeof inner === "string" && { code: inner }
    this.#add({ type: "error", request: number, name: typeof name === "string" ? name : "Error", ...known })
  }

  #add(entry: Entry): void {
    if (this.#isFull) return
    const at = Math.round((this.#clock.now() - this.#start) * 1_000) / 1_000
    const added = { at, ...entry } as RecordingEntry
    this.#entries.push(added)
    callHook(this.#options.onEntry, added)
  }
}
