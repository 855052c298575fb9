import type { ProviderErrorBody } from "../../errors.ts"

/** The limits of one stream, which bound the memory that a provider can make the reader use. */
export interface ChunkLimits {
  /**
   * The longest line of the event stream, in characters. A source of events has no lines.
   * @defaultValue 67,108,864
   */
  readonly maxLineLength?: number | undefined
  /**
   * The largest event, in characters of its data, type and id together.
   * @defaultValue 67,108,864
   */
  readonly maxEventSize?: number | undefined
  /**
   * The size of the whole stream, in bytes; in characters if the source is text, and of the data if it has events.
   * @defaultValue 268,435,456
   */
  readonly maxTotalSize?: number | undefined
  /**
   * The number of choices in the snapshot.
   * @defaultValue 128
   */
  readonly maxChoices?: number | undefined
  /**
   * The number of tool calls in one choice of the snapshot, or of output items in a response.
   * @defaultValue 1,024
   */
  readonly maxToolCalls?: number | undefined
}

/** The limits in force: the ones of the caller, and the defaults for the others. */
export type ResolvedLimits = Readonly<Record<keyof ChunkLimits, number>>

/** The point up to which a Responses stream was read: the request that resumes it sends it as `starting_after`. */
export interface ResponseCursor {
  /** The ID of the response; `null` if no event named it, as may be after a resumption. */
  readonly responseId: string | null
  /** The `sequence_number` of the last event that was read. */
  readonly sequenceNumber: number
}

/** Folds the chunks of one stream into its snapshot. */
export interface ChunkAccumulator<T, S> {
  /** The snapshot: one object, updated in place. */
  readonly value: S
  /** The point up to which the stream was read, if it can be resumed. */
  readonly cursor?: ResponseCursor | undefined
  /** Folds the next chunk into the snapshot. Its time must depend only on this chunk. */
  push(chunk: T): void
  /** Called with a payload that `decode` dropped, which may still carry its place in the stream. */
  pushHeartbeat?(json: object): void
  /**
   * Returns the name of the part that the answer lacks, `null` if it is complete.
   *
   * @param sawSentinel - Whether the end mark arrived; a dialect may accept it in place of other parts.
   */
  missing(sawSentinel: boolean): string | null
}

/**
 * A dialect of streams with one JSON object per event, for {@link readChunks}. Only `name` and `accumulate` are required.
 * The payloads are exactly what the provider sent, so its functions must check the type of every member that they use.
 */
export interface ChunkDialect<T, S> {
  /** The name of what is read, in the plural, for error messages, such as `"chat completions"`. */
  readonly name: string
  /** The end mark: the data of the event that ends a stream, such as `"[DONE]"`. */
  readonly sentinel?: string | undefined
  /**
   * The time that the reader waits for the terminal chunk after an error, in milliseconds, so that the snapshot holds it.
   * @defaultValue off: the error is thrown at once
   */
  readonly errorGrace?: number | undefined
  /**
   * Returns the chunk of a payload, or `null` to drop the payload. `event` is the type of its event, `data` its JSON text.
   * @defaultValue the payload itself
   */
  decode?(json: object, event: string, data: string): T | null
  /**
   * Returns the error that a payload reports, `null` if it reports none.
   * @defaultValue recognizes the shapes that providers are known to send
   */
  error?(json: object, event: string): ProviderErrorBody | null
  /**
   * Whether the chunk has content, which moves the deadlines `firstContent` and `contentIdle`.
   * @defaultValue true for every chunk
   */
  isContent?(chunk: T): boolean
  /**
   * Whether the chunk is a part of an answer. If no chunk of an incomplete stream is one, the payload of the last chunk is
   * thrown as the provider's error.
   * @defaultValue true for every chunk
   */
  isPart?(chunk: T): boolean
  /** Whether the chunk is the last one of the stream. */
  isTerminal?(chunk: T): boolean
  /** Whether the chunk was read before a resumption: it is folded into the snapshot, but not returned. */
  isReplayed?(chunk: T): boolean
  /** Returns the text that the chunk adds, for `textDeltas()`; `""` if it adds none. */
  textOf?(chunk: T): string
  /** Starts the snapshot of one stream. It must stay within `limits`. */
  accumulate(limits: ResolvedLimits): ChunkAccumulator<T, S>
}
