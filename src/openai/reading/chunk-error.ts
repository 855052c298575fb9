/* Law: what a chunk reader throws beside abort is an SseError that also says how far the stream came. */
import { SseError, SseMalformedError, type ProviderErrorBody } from "../../errors.ts"
import type { MalformedPayload } from "./chunk-stream.ts"

/** How much of what is no payload an error keeps, in characters. */
export const PREVIEW = 200

/** What a chunk reader throws: an {@link SseError} that also says how far the stream came. */
export interface ChunkStreamError<S = unknown> extends SseError {
  /** The snapshot at the failure. Not enumerable. */
  readonly partial: S
  /** How many chunks were given out before it; 0 means that a retry repeats nothing. */
  readonly chunks: number
  /** The request's ID as the response's headers name it, `null` where they do not. */
  readonly requestId: string | null
  /** The provider's error in one shape: of an {@link SseProviderError}, and of a refused response that names one. */
  readonly error?: ProviderErrorBody | null
  /** How long the provider asks to wait before a retry, in milliseconds; only on a refused response. */
  readonly retryAfter?: number | null
  /** The body of an {@link SseNotAStreamError} that was JSON. Not enumerable. */
  readonly json?: unknown
  /** How many payloads came before the data of an {@link SseMalformedError}. */
  readonly index?: number
  /** The start of what was no payload, at most 200 characters. Not enumerable. */
  readonly preview?: string
}

/** Whether `value` is an error that a chunk reader threw. */
export function isChunkStreamError(value: unknown): value is ChunkStreamError {
  return SseError.is(value) && "partial" in value
}

/** Tells an error something that may be a payload, which is not to be printed. */
export function attachHidden(error: SseError, member: keyof ChunkStreamError, value: unknown): void {
  Object.defineProperty(error, member, { value, configurable: true })
}

/** The error for data that is no payload. */
export function malformedError(name: string, { data, index }: MalformedPayload): SseError {
  const error = new SseMalformedError(`Cannot read ${name}: the data of payload ${index} must be a JSON object`)
  attachHidden(error, "index", index)
  attachHidden(error, "preview", data.slice(0, PREVIEW))
  return error
}

/** What is wrong with data that is no payload. */
export function syntaxErrorOf(data: string): SyntaxError {
  try {
    JSON.parse(data)
  } catch (error) {
    return error as SyntaxError
  }
  return new SyntaxError("The data must be a JSON object")
}
