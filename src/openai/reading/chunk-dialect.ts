import type { ProviderErrorBody } from "../../errors.ts"

/** How much a stream may make this package keep. */
export interface ChunkLimits {
  /**
   * The longest line, in characters.
   * @defaultValue 67,108,864
   */
  readonly maxLineLength?: number | undefined
  /**
   * The largest event, in characters of its data, type and id together.
   * @defaultValue 67,108,864
   */
  readonly maxEventSize?: number | undefined
  /**
   * The longest stream, in bytes as they come (characters where the source gives text).
   * @defaultValue 268,435,456
   */
  readonly maxTotalSize?: number | undefined
  /**
   * The most choices that the snapshot holds.
   * @defaultValue 128
   */
  readonly maxChoices?: number | undefined
  /**
   * The most tool calls that one choice of the snapshot holds, or output items of a response.
   * @defaultValue 1,024
   */
  readonly maxToolCalls?: number | undefined
}

/** The limits in force. */
export type ResolvedLimits = Readonly<Record<keyof ChunkLimits, number>>

/** Where a Responses stream was left: what `starting_after` takes. */
export interface ResponseCursor {
  /** The response's ID, `null` where no event named it: a stream that was resumed need not. */
  readonly responseId: string | null
  /** The number of the last event that was read. */
  readonly sequenceNumber: number
}

/** Folds the chunks of one stream into its snapshot. */
export interface ChunkAccumulator<T, S> {
  /** The snapshot: one object, updated in place. */
  readonly value: S
  /** Where a stream that can be resumed was left. */
  readonly cursor?: ResponseCursor | undefined
  /** Takes the next chunk, in time that depends on this chunk only. */
  push(chunk: T): void
  /** Takes a payload that is a sign of life and no chunk, for its place in the stream. */
  pushHeartbeat?(json: object): void
  /**
   * What is missing from the answer, `null` where it is whole.
   *
   * @param sawSentinel - Whether the end mark came, which may stand for what else is missing.
   */
  missing(sawSentinel: boolean): string | null
}

/**
 * A dialect of JSON-per-event streams: what {@link readChunks} needs to know to give it the guarantees of the readers
 * of this package. Payloads are what a provider sent, so nothing about their shape is certain.
 */
export interface ChunkDialect<T, S> {
  /** What is read, in the plural, for error messages: `"chat completions"`. */
  readonly name: string
  /** The data that ends a stream, such as `"[DONE]"`. */
  readonly sentinel?: string | undefined
  /**
   * How long after an error the terminal chunk is waited for, so that the snapshot holds it, in milliseconds.
   * @defaultValue 0
   */
  readonly errorGrace?: number | undefined
  /** The chunk of a payload, `null` to drop it; by default the payload itself. `data` is the text that it came in. */
  decode?(json: object, event: string, data: string): T | null
  /** The error that a payload reports, `null` where it reports none; by default any shape that is in use. */
  error?(json: object, event: string): ProviderErrorBody | null
  /** Whether the chunk carries something of the answer, for the deadlines on content; by default every chunk does. */
  isContent?(chunk: T): boolean
  /** Whether the chunk is the last one. */
  isTerminal?(chunk: T): boolean
  /** Whether the chunk was read before: it is folded into the snapshot and not given out. */
  isReplayed?(chunk: T): boolean
  /** The text that the chunk adds, `""` where it adds none: what `textDeltas()` gives. */
  textOf?(chunk: T): string
  /** Starts a snapshot. */
  accumulate(limits: ResolvedLimits): ChunkAccumulator<T, S>
}
