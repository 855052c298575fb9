import type { FinishReason, OpenEnum, Usage } from "./chat-chunk.ts"
import { choicesErrorOf, dropHeartbeat, firstChoice, foldChunk, missingOf } from "./choices.ts"
import type { ChunkAccumulator, ChunkDialect, ResolvedLimits } from "../reading/chunk-dialect.ts"
import { openChunks } from "../reading/chunk-reader.ts"
import type { ChunkSource, ChunkStream, ReadChunksOptions } from "../reading/chunk-stream.ts"
import { append, objectsIn, textOr, type Fields } from "../reading/fields.ts"

/** One choice of a {@link CompletionChunk}. */
export interface CompletionChunkChoice {
  /** Which choice it is of. */
  index: number
  /** The text that it adds. */
  text: string
  /** Why the choice ended, on its last piece. */
  finish_reason: FinishReason | null
  /** How likely the tokens of this piece were, in the provider's own shape. */
  logprobs: unknown
}

/**
 * A chunk of a streamed completion of the older API; any other field passes.
 *
 * @see https://platform.openai.com/docs/api-reference/completions
 */
export interface CompletionChunk {
  /** The ID of the answer. */
  id: string
  /** What this is. */
  object: OpenEnum<"text_completion">
  /** When the answer was begun, in seconds since 1970. */
  created: number
  /** The model that answers. */
  model: string
  /** Empty on the chunk with the usage. */
  choices: CompletionChunkChoice[]
  /** What the request cost, on the last chunk where it was asked for. */
  usage?: Usage | null
  /** The configuration that the model ran with. */
  system_fingerprint?: string | null
}

/** One choice of a completion as far as it has come. */
export interface CompletionChoiceSnapshot {
  /** Its number among the choices. */
  index: number
  /** The text. */
  text: string
  /** Why the choice ended, `null` before it has. */
  finishReason: FinishReason | null
}

/** A completion as far as it has come. */
export interface CompletionSnapshot {
  /** The ID of the answer. */
  id: string | null
  /** The model that answers. */
  model: string | null
  /** When the answer was begun, in seconds since 1970. */
  created: number | null
  /** The choices, by their index. */
  choices: CompletionChoiceSnapshot[]
  /** What the request cost, `null` where no chunk said. */
  usage: Usage | null
}

/** How text completions are read. */
export const completionDialect: ChunkDialect<object, CompletionSnapshot> = {
  name: "completions",
  sentinel: "[DONE]",
  decode: dropHeartbeat,
  error: choicesErrorOf,
  isContent: (chunk) => objectsIn((chunk as Fields)["choices"]).some(({ text, finish_reason: end }) => text || end),
  textOf: (chunk) => textOr(firstChoice(chunk)?.["text"]) ?? "",
  accumulate,
}

/**
 * Reads a streamed completion of the older API: like {@link readChatCompletions}, but for its chunks.
 *
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
  return {
    value,
    push: (chunk) => foldChunk(value, chunk as Fields, limits, newChoice, foldText),
    missing: (sawMark) => missingOf(value.choices, sawMark),
  }
}

function newChoice(index: number): CompletionChoiceSnapshot {
  return { index, text: "", finishReason: null }
}

function foldText(choice: CompletionChoiceSnapshot, { text }: Fields): void {
  append(choice, "text", text)
}
