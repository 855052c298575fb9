import type { ChatCompletionChunk } from "../dialects/chat-chunk.ts"
import type { AnswerSource } from "./answer-delta.ts"
import { type ChatCompletionChunksOptions, ChatComposer } from "./chat-composer.ts"
import { composeItems } from "./composed-items.ts"

/**
 * Builds the chunks of a streamed chat completion from pieces of text, reasoning and tool calls: what
 * {@link chunkResponse} and {@link encodeChunks} take.
 *
 * The first chunk, with the role, comes before the first delta is asked for; then one chunk a delta; at the end a finish
 * reason for each choice, and the usage in a chunk without choices. Leaving the iteration stops the deltas at once; what
 * they throw comes out as it is.
 *
 * @param deltas - An (async) iterable or a stream of deltas; a string is an answer in one piece.
 * @throws TypeError at once, where `deltas` is none of these.
 * @throws TypeError from the iteration, where the first piece of a tool call has no name, or `choice` is no integer.
 * @see https://platform.openai.com/docs/api-reference/chat-streaming
 * @example
 * ```ts
 * import { chatCompletionChunks } from "steadystream/openai"
 *
 * async function* answer() {
 *   yield { reasoning: "They want the weather." }
 *   yield "One moment. "
 *   yield { toolCall: { name: "weather", arguments: { city: "Oslo" } } }
 *   yield { usage: { inputTokens: 9, outputTokens: 12 } }
 * }
 * for await (const chunk of chatCompletionChunks(answer(), { model: "parrot" })) console.log(chunk.choices[0]?.delta)
 * ```
 */
export function chatCompletionChunks(
  deltas: AnswerSource,
  options: ChatCompletionChunksOptions = {},
): AsyncIterableIterator<ChatCompletionChunk, undefined, undefined> {
  return composeItems(deltas, new ChatComposer(options))
}
