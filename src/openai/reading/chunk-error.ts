/*
 * The members that a chunk reader adds to its errors. Members that may hold a payload are not enumerable, so that logging
 * an error prints none of it.
 */
import { SseError, SseMalformedError, SseTimeoutError, type ProviderErrorBody } from "../../errors.ts"
import type { MalformedPayload } from "./chunk-stream.ts"

/** The part of a malformed payload or body that an error keeps, in characters. */
export const PREVIEW = 200

/**
 * An error of a chunk reader: an {@link SseError} with the partial answer. Every error of the iteration is one, except the
 * reason of an aborted signal.
 *
 * @example
 * ```ts
 * import { isChunkStreamError, readChatCompletions } from "steadystream/openai"
 *
 * const stream = readChatCompletions('data: {"choices":[{"index":0,"delta":{"content":"Hel"}}]}\n\n')
 * const error: unknown = await stream.collect().catch((reason: unknown) => reason)
 * if (isChunkStreamError(error)) console.log(error.code, error.chunks, error.partial) // truncated 1 { choices: … }
 * ```
 */
export interface ChunkStreamError<S = unknown> extends SseError {
  /** The snapshot at the time of the failure. Not enumerable. */
  readonly partial: S
  /** The number of chunks that the iteration returned before it; after 0, a retry repeats no output. */
  readonly chunks: number
  /** The ID of the request, from the response headers; `null` if they have none. */
  readonly requestId: string | null
  /** The provider's error in one shape: on an {@link SseProviderError}, and on a refused response whose body names one. */
  readonly error?: ProviderErrorBody | null
  /** The wait before a retry that the provider asks for, in milliseconds; only on a refused response. */
  readonly retryAfter?: number | null
  /** The parsed body of an {@link SseNotAStreamError}, if it was JSON. Not enumerable. */
  readonly json?: unknown
  /** The number of payloads before the data of an {@link SseMalformedError}. */
  readonly index?: number
  /** The start of the malformed data or body, at most 200 characters. Not enumerable. */
  readonly preview?: string
}

/** Whether `value` is an error that a chunk reader threw, from this copy of the package or another. */
export function isChunkStreamError(value: unknown): value is ChunkStreamError {
  return SseError.is(value) && "partial" in value
}

/** Sets a member of an error that may hold a payload; it is not enumerable. */
export function setHidden(error: SseError, member: keyof ChunkStreamError, value: unknown): void {
  Object.defineProperty(error, member, { value, configurable: true })
}

/** Returns the error for data that is not a JSON object. */
export function malformedError(name: string, { data, index }: MalformedPayload): SseError {
  const error = new SseMalformedError(`Cannot read ${name}: the data of payload ${index} must be a JSON object`)
  setHidden(error, "index", index)
  setHidden(error, "preview", data.slice(0, PREVIEW))
  return error
}

/** Returns the error for a payload that a dialect cannot use, such as one that is nested too deeply. */
export function unusableError(name: string, cause: unknown): SseError {
  return new SseMalformedError(`Cannot read ${name}: a payload could not be used`, cause)
}

/** Returns the error for a deadline that has passed. */
export function timeoutError(name: string, phase: string, ms: number): SseTimeoutError {
  return new SseTimeoutError(`Cannot read ${name}: "timeouts.${phase}" of ${ms} ms has passed`, phase, ms)
}

/** Returns the error of the JSON parser for data that is not a JSON object. */
export function syntaxErrorOf(data: string): SyntaxError {
  try {
    JSON.parse(data)
  } catch (error) {
    return error as SyntaxError
  }
  return new SyntaxError("The data must be a JSON object")
}
