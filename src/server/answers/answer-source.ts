/* Opens what `make` returned as one of the sources that a session sends. */
import { isItemSource } from "../../internal/item-source.ts"
import { isEventStreamType, isResponse, responseError, unusedBody } from "../../parser/index.ts"
import type { SseServerSource } from "../../session/index.ts"
import type { AnswerDialect } from "./answer-dialect.ts"
import type { AnswerSource } from "./answer-types.ts"

/** The wait for the body of a refused response, in milliseconds. */
const BODY_WAIT = 1_000

/** How a relay ended. */
export interface RelayOutcome {
  readonly reason: string
  readonly error?: unknown
}

/** A relay: its iteration ends without an error in any case, and `ended` says how. */
export interface Relayed {
  readonly ended: PromiseLike<RelayOutcome | null | undefined>
  /** The name of its dialect. */
  readonly dialect?: unknown
}

/** A source, and what is known of it besides its items. */
export interface OpenedAnswer {
  readonly source: SseServerSource
  readonly relayed?: Relayed
  readonly dialect?: AnswerDialect
  /** Whether it is the response of a provider. */
  readonly isResponse?: true
}

/**
 * Returns a source as a session takes it.
 *
 * @throws TypeError if it is no source.
 * @throws {@link SseResponseError} if it is a response that is no event stream.
 */
export async function openAnswer(given: AnswerSource): Promise<OpenedAnswer> {
  if (isResponse(given)) return { source: await bodyOf(given), isResponse: true }
  if (typeof given === "function") return { source: given }
  if (typeof given === "string" || !isItemSource(given)) {
    throw new TypeError("Cannot start answer: make() must return a source of events, of text or of bytes")
  }
  const source = given as SseServerSource
  if (!isRelay(given)) return { source }
  const { dialect } = given
  if (typeof dialect !== "string") return { source, relayed: given }
  return { source, relayed: given, dialect: dialect === "responses" ? "responses" : "chunks" }
}

function isRelay(source: object): source is Relayed & object {
  const { ended, toReadableStream } = source as { ended?: { then?: unknown }; toReadableStream?: unknown }
  return typeof toReadableStream === "function" && typeof ended?.then === "function"
}

/** Opens the response of a provider. */
async function bodyOf(response: Response): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const { ok, status, headers } = response
  const body = unusedBody(response) ?? null
  if (ok && body !== null && isEventStreamType(headers.get("content-type"))) return body
  // The body explains the error, if it comes soon.
  const stop = AbortSignal.timeout(BODY_WAIT)
  if (ok) throw await responseError("content-type", "the response must be an event stream", response, stop)
  throw await responseError("response", `the status must be 2xx, not ${status}`, response, stop)
}

/** Returns how a relay ended. One of another origin may reject. */
export async function outcomeOf({ ended }: Relayed): Promise<RelayOutcome | null | undefined> {
  try {
    return await ended
  } catch (error) {
    return { reason: "error", error }
  }
}
