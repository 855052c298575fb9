import type { FinishReason, OpenEnum, Usage } from "./chat-chunk.ts"
import { accumulateChoices, choicesErrorOf, dropHeartbeat, firstChoice, hasChoices } from "./choices.ts"
import type { ChunkAccumulator, ChunkDialect, ResolvedLimits } from "../reading/chunk-dialect.ts"
import { KeptFields } from "./kept-fields.ts"
import { openChunks } from "../reading/chunk-reader.ts"
import type { ChunkSource, ChunkStream, ReadChunksOptions } from "../reading/chunk-stream.ts"
import { append, objectsIn, textOr, type Fields } from "../reading/fields.ts"

/** One choice of a {@link CompletionChunk}. */
export interface CompletionChunkChoice {
  /** The number of the choice. */
  index: number
  /** The text that the chunk adds. */
  text: string
  /** The reason why the choice ended, on its last piece. */
  finish_reason: FinishReason | null
  /** The probabilities of the tokens of this piece, in the provider's own shape. */
  logprobs: unknown
}

/**
 * A chunk of a streamed text completion, from the older API: the members that providers agree on.
 *
 * @see https://platform.openai.com/docs/api-reference/completions
 */
export interface CompletionChunk {
  /** The ID of the answer. */
  id: string
  /** The type of this object. */
  object: OpenEnum<"text_completion">
  /** The time at which the answer began, in seconds since 1970. */
  created: number
  /** The name of the model. */
  model: string
  /** The choices. Empty, `null` or missing on the chunk with the usage, and on other chunks of some providers. */
  choices?: CompletionChunkChoice[] | null
  /** The cost of the request, on the last chunk, if the request asked for it. */
  usage?: Usage | null
  /** The configuration that the model ran with. */
  system_fingerprint?: string | null
}

/** One choice of a text completion, so far. */
export interface CompletionChoiceSnapshot {
  /** The number of the choice. */
  index: number
  /** The text. */
  text: string
  /** The reason why the choice ended; `null` before its end. */
  finishReason: FinishReason | null
  /** All other members of the pieces, as in a {@link ChoiceSnapshot}; `null` if there are none. */
  extra: Record<string, unknown> | null
}

/** A text completion, so far. */
export interface CompletionSnapshot {
  /** The first ID that a chunk named; `null` before it. */
  id: string | null
  /** The first model that a chunk named; `null` before it. */
  model: string | null
  /** The time at which the answer began, in seconds since 1970. */
  created: number | null
  /** The choices, in the order of their index. */
  choices: CompletionChoiceSnapshot[]
  /** The cost of the request, from the last chunk that has it; `null` before it. */
  usage: Usage | null
}

/** The dialect of text completions. */
export const completionDialect: ChunkDialect<object, CompletionSnapshot> = {
  name: "completions",
  sentinel: "[DONE]",
  decode: dropHeartbeat,
  error: choicesErrorOf,
  isPart: hasChoices,
  isContent: (chunk) => objectsIn((chunk as Fields)["choices"]).some(({ text, finish_reason: end }) => text || end),
  textOf: (chunk) => textOr(firstChoice(chunk)?.["text"]) ?? "",
  accumulate,
}

/**
 * Reads a streamed text completion, from the older API, in the way of {@link readChatCompletions}.
 *
 * The answer is complete at `[DONE]`, or when the body ends after a finish reason for every choice.
 *
 * @typeParam Chunk - The type of the chunks, such as `Completion` of the provider's own package.
 * @throws TypeError at once if `source` is not a source of chunks, or its body is locked or used.
 * @throws RangeError at once if a timeout is NaN or negative, or a limit is less than 1.
 * @throws {@link SseError} from the iteration, the same errors as from {@link readChatCompletions}.
 * @see https://platform.openai.com/docs/api-reference/completions
 * @example
 * ```ts
 * import { readCompletions } from "steadystream/openai"
 *
 * const stream = readCompletions('data: {"choices":[{"index":0,"text":"Hi","finish_reason":"stop"}]}\n\ndata: [DONE]\n\n')
 * console.log((await stream.collect()).choices[0]?.text) // Hi
 * ```
 */
export function readCompletions<Chunk extends object = CompletionChunk>(
  source: ChunkSource,
  options: ReadChunksOptions = {},
): ChunkStream<Chunk, CompletionSnapshot> {
  return openChunks(source, completionDialect as ChunkDialect<Chunk, CompletionSnapshot>, options)
}

function accumulate(limits: ResolvedLimits): ChunkAccumulator<object, CompletionSnapshot> {
  const value: CompletionSnapshot = { id: null, model: null, created: null, choices: [], usage: null }
  return accumulateChoices<CompletionChoiceSnapshot, CompletionSnapshot>(
    value,
    limits,
    new KeptFields(),
    (index) => ({ index, text: "", finishReason: null, extra: null }),
    (choice, { text }) => append(choice, "text", text),
  )
}
