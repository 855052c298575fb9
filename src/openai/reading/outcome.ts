/*
 * How one stream ended. It ends once: every later end changes nothing. A failure is thrown to one caller, and says how
 * far the stream came.
 */
import { SseConnectionError, SseError, type SseProviderError } from "../../errors.ts"
import { DONE } from "../../internal/iterator.ts"
import type { ChunkAccumulator } from "./chunk-dialect.ts"
import { describeRefusal } from "./body.ts"
import { type ChunkStreamError, setHidden } from "./chunk-error.ts"
import type { ChunkResponse, EndInfo, EndReason } from "./chunk-stream.ts"
import type { Deadlines } from "./deadlines.ts"

/** How far a stream has come. */
type Progress = {
  -readonly [Member in "chunks" | "bytes" | "sawDone" | "connectMs" | "firstContentMs"]: EndInfo[Member]
}

export class Outcome {
  readonly #accumulator: Pick<ChunkAccumulator<never, unknown>, "value" | "cursor">
  readonly #deadlines: Deadlines
  readonly #onEnd: (reason: EndReason, cancelReason: unknown) => void
  #failure: { readonly reason: unknown } | undefined = undefined
  /** Resolves `ended`. It refers to nothing else of the stream. */
  settle!: (info: EndInfo) => void
  readonly progress: Progress = { chunks: 0, bytes: 0, sawDone: false, connectMs: null, firstContentMs: null }
  readonly ended: Promise<EndInfo> = new Promise((resolve) => (this.settle = resolve))
  response: ChunkResponse | undefined = undefined
  /** The error that the provider reported before its last chunk: it replaces every other failure. */
  providerError: SseProviderError | undefined = undefined
  isOver = false

  /** @param onEnd - Called once, at the end; `cancelReason` is for cancelling the source. */
  constructor(
    accumulator: Pick<ChunkAccumulator<never, unknown>, "value" | "cursor">,
    deadlines: Deadlines,
    onEnd: (reason: EndReason, cancelReason: unknown) => void,
  ) {
    this.#accumulator = accumulator
    this.#deadlines = deadlines
    this.#onEnd = onEnd
  }

  /** Ends the stream with a failure. */
  fail(reason: unknown): undefined {
    if (this.isOver) return
    let error = this.providerError ?? reason
    try {
      if (SseError.is(error)) this.#describe(error)
    } catch {
      // The error of the source is frozen.
      const { message, retryable } = error as SseError
      error = new SseConnectionError(message, { cause: error, retryable })
      this.#describe(error as SseError)
    }
    this.stop("error", error)
  }

  /** Sets the members that say how far the stream came. */
  #describe(error: SseError): void {
    const { chunks } = this.progress
    describeRefusal(error)
    setHidden(error, "partial", this.#accumulator.value)
    Object.assign(error, {
      chunks,
      requestId: this.response?.requestId ?? (error as Partial<ChunkStreamError>).requestId ?? null,
      // A retry would repeat the chunks that the consumer has.
      retryable: error.retryable && chunks === 0,
    })
  }

  /** Ends the stream early and throws `error` to the consumer. */
  stop(reason: EndReason, error: unknown): void {
    if (this.isOver) return
    this.#failure = { reason: error }
    this.end(reason, error)
  }

  /** Ends a stream whose answer is complete, unless the provider has reported an error in it. */
  succeed(reason: EndReason): undefined {
    if (this.providerError) this.fail(this.providerError)
    else this.end(reason)
  }

  /** Ends the stream. */
  end(reason: EndReason, error?: unknown, cancelReason: unknown = error): void {
    if (this.isOver) return
    this.isOver = true
    this.#onEnd(reason, cancelReason)
    const cursor = this.#accumulator.cursor ?? null
    this.settle({ ...this.progress, reason, error, durationMs: this.#deadlines.elapsed, cursor })
  }

  /** Returns the end of the iteration; throws the failure the first time. */
  takeEnd(): IteratorReturnResult<undefined> {
    const failure = this.#failure
    this.#failure = undefined
    if (failure) throw failure.reason
    return DONE
  }
}
