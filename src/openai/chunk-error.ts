/* Law: what a chunk reader throws beside abort is an SseError that also says how far the stream came. */
import { SseConnectionError, SseError, type ProviderErrorBody } from "../errors.ts"

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

/** Tells an error how far the stream came. Nothing that was given out may be asked for again blindly. */
export function tellProgress(error: SseError, partial: unknown, chunks: number, requestId: string | null): void {
  const retryable = error.retryable && chunks === 0
  Object.defineProperties(error, {
    partial: { value: partial },
    chunks: { value: chunks, enumerable: true },
    requestId: { value: requestId, enumerable: true },
    retryable: { value: retryable, enumerable: true },
  })
}

/** Carries a misuse that shows only while the source is read past {@link sourceError}. */
export class Misuse {
  readonly error: TypeError

  constructor(message: string) {
    this.error = new TypeError(message)
  }
}

/** Whether a source failed because somebody stopped it, which is passed on as it is. */
export function isStop(reason: unknown): boolean {
  const name = (reason as Partial<Error> | null | undefined)?.name
  return name === "AbortError" || name === "TimeoutError"
}

/** What a failure of the source is thrown as. */
export function sourceError(name: string, cause: unknown): unknown {
  if (cause instanceof Misuse) return cause.error
  if (SseError.is(cause)) return cause
  return new SseConnectionError(`Cannot read ${name}: the connection must last until the end of the stream`, { cause })
}
