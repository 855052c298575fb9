/* Law: from what a caller gives to pieces of a body: asks for the response, looks at it, and knows how to stop both. */
import type { Clock } from "../internal/clock.ts"
import { cancelQuietly, ignore } from "../internal/cancel.ts"
import { isResponse, openSource, type ChunkSource as Body } from "../parser/index.ts"
import { Misuse } from "./chunk-error.ts"
import type { ChunkResponse, ChunkSource } from "./chunk-stream.ts"
import { refusedBody } from "./refusal.ts"

const REQUEST_ID_HEADERS = ["x-request-id", "request-id", "apim-request-id", "x-generation-id"]

type OnResponse = (response: ChunkResponse) => void

/**
 * Opens `source`. Nothing is asked for before the first read.
 *
 * @throws TypeError where it is none, or its body is locked or used.
 */
export function openBody(source: ChunkSource, clock: Clock, onResponse: OnResponse): Body & { readonly asks: boolean } {
  if (isResponse(source)) return { ...openResponse(source, clock, onResponse), asks: false }
  if (typeof source === "function") return new AskedBody(source, clock, onResponse)
  if (typeof (source as Partial<PromiseLike<Response>> | undefined)?.then === "function") {
    const promise = Promise.resolve(source as PromiseLike<Response>)
    // Reported by the read that waits for it, or by nobody where there is none.
    promise.catch(ignore)
    return new AskedBody(() => promise, clock, onResponse, true)
  }
  return { ...openSource(source as string), asks: false }
}

/** The body of a response that has yet to come. */
class AskedBody implements Body {
  readonly asks = true
  readonly #ask: (signal: AbortSignal) => Response | PromiseLike<Response>
  readonly #clock: Clock
  readonly #onResponse: OnResponse
  readonly #controller: AbortController = new AbortController()
  #body: Body | undefined = undefined
  /** Whether a response is on its way that nobody has waited for yet. */
  #isUnmet: boolean
  #stopped = false

  constructor(
    ask: (signal: AbortSignal) => Response | PromiseLike<Response>,
    clock: Clock,
    onResponse: OnResponse,
    isAsked = false,
  ) {
    this.#ask = ask
    this.#isUnmet = isAsked
    this.#clock = clock
    this.#onResponse = onResponse
  }

  read(): ReturnType<Body["read"]> {
    return this.#body === undefined ? this.#open() : this.#body.read()
  }

  cancel(reason?: unknown): void {
    this.#stopped = true
    this.#body?.cancel(reason)
    this.#controller.abort(reason)
    if (this.#isUnmet) this.#open().catch(ignore)
  }

  async #open(): ReturnType<Body["read"]> {
    this.#isUnmet = false
    const response = await this.#ask(this.#controller.signal)
    if (!isResponse(response)) throw new Misuse("Cannot read chunks: the source must give a Response")
    if (this.#stopped) {
      if (response.body) cancelQuietly(response.body)
      return { done: true, value: undefined }
    }
    if (response.ok && isUsed(response)) throw new Misuse(USED)
    this.#body = openResponse(response, this.#clock, this.#onResponse)
    return this.#body.read()
  }
}

function openResponse(response: Response, clock: Clock, onResponse: OnResponse): Body {
  const { status, headers } = response
  const requestId = REQUEST_ID_HEADERS.map((name) => headers.get(name)).find((id) => id !== null) ?? null
  onResponse({ status, headers, requestId })
  if (!response.ok) return refusedBody(response, clock)
  if (isUsed(response)) throw new TypeError(USED)
  return openSource(response.body ?? "")
}

const USED = "Cannot read chunks: the body of the response must not be locked or used"

function isUsed({ body, bodyUsed }: Response): boolean {
  return bodyUsed || body?.locked === true
}
