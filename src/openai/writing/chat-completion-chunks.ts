import type { ChatCompletionChunk } from "../dialects/chat-chunk.ts"
import type { AnswerSource } from "./answer-delta.ts"
import { type ChatCompletionChunksOptions, ChatComposer } from "./chat-composer.ts"
import { composeItems } from "./composed-items.ts"

/**
 * Builds the chunks of a streamed chat completion from pieces of text, reasoning and tool calls.
 * {@link chunkResponse} and {@link encodeChunks} write them.
 *
 * The first chunk of a choice has its role; the one of choice 0 is returned before the first delta is requested. Each delta
 * becomes one more chunk, unless it is empty. A text that ends inside a character waits for the rest of it. The last chunks have a finish reason for each choice, and then the usage, without choices. Leaving the
 * iteration stops the source of the deltas at once. An error of that source is thrown unchanged.
 *
 * @param deltas - The pieces of the answer: an (async) iterable, a stream, or a string as one piece.
 * @throws TypeError at once if `deltas` is none of these, or is a locked stream.
 * @throws TypeError from the iteration if a delta is neither a string nor an object with members of the right types and no
 * others, if the first piece of a tool call has no name, or if `choice` is not an integer from 0.
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
 * for await (const chunk of chatCompletionChunks(answer(), { model: "parrot" })) console.log(chunk.choices?.[0]?.delta)
 * ```
 */
export function chatCompletionChunks(
  deltas: AnswerSource,
  options: ChatCompletionChunksOptions = {},
): AsyncIterableIterator<ChatCompletionChunk, undefined, undefined> {
  return composeItems(deltas, () => new ChatComposer(options))
}
