import type { ChatCompletionChunk } from "./chat-chunk.ts"
import { deltaOf, hasContentIn } from "./chat-delta.ts"
import { accumulateChat, type ChatSnapshot } from "./chat-snapshot.ts"
import { choicesErrorOf, dropHeartbeat, firstChoice, hasChoices } from "./choices.ts"
import type { ChunkDialect } from "../reading/chunk-dialect.ts"
import { openChunks } from "../reading/chunk-reader.ts"
import type { ChunkSource, ChunkStream, ReadChunksOptions } from "../reading/chunk-stream.ts"
import { isObject, objectsIn, textOr, type Fields } from "../reading/fields.ts"

/** The dialect of chat completions. */
export const chatDialect: ChunkDialect<object, ChatSnapshot> = {
  name: "chat completions",
  sentinel: "[DONE]",
  decode: dropHeartbeat,
  error: choicesErrorOf,
  isPart: hasChoices,
  isContent: (chunk) => objectsIn((chunk as Fields)["choices"]).some(hasContent),
  textOf,
  accumulate: accumulateChat,
}

/**
 * Reads a streamed chat completion of OpenAI or of any provider with a compatible API.
 *
 * The iteration returns the provider's own chunks; `snapshot` is the answer so far, in the same shape for every provider.
 * The answer is complete at `[DONE]`, or when the body ends after a finish reason for every choice; any other end fails.
 * Bodies may be cut at any byte. Never reconnects by itself; a subscription as the source does, and the answer goes on.
 *
 * @typeParam Chunk - The type of the chunks, such as `ChatCompletionChunk` of the provider's own package.
 * @throws TypeError at once if `source` is not a source of chunks, or its body is locked or used.
 * @throws RangeError at once if a timeout is NaN or negative, or a limit is less than 1.
 * @throws {@link SseError} from the iteration, with the members of {@link ChunkStreamError}:
 * {@link SseResponseError} if the status is not 2xx, {@link SseNotAStreamError} if the body is not an event stream,
 * {@link SseProviderError} if the provider reports an error inside the stream, {@link SseMalformedError} if the data of an
 * event is not a JSON object, {@link SseTruncatedError} if the body ends before the answer is complete or misses events,
 * {@link SseTimeoutError} and {@link SseLimitError} if an option of that name is exceeded, and {@link SseConnectionError}
 * if the request or the connection fails. An aborted `signal` throws its reason instead.
 * @see https://platform.openai.com/docs/api-reference/chat-streaming
 * @example
 * ```ts
 * import { readChatCompletions } from "steadystream/openai"
 *
 * const response = new Response(
 *   'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
 * )
 * const stream = readChatCompletions(response)
 * for await (const chunk of stream) console.log(chunk.choices?.[0]?.delta?.content) // Hi
 * console.log(stream.snapshot.choices[0]?.finishReason) // stop
 * ```
 */
export function readChatCompletions<Chunk extends object = ChatCompletionChunk>(
  source: ChunkSource,
  options: ReadChunksOptions = {},
): ChunkStream<Chunk, ChatSnapshot> {
  return openChunks(source, chatDialect as ChunkDialect<Chunk, ChatSnapshot>, options)
}

function hasContent({ delta, finish_reason: finish }: Fields): boolean {
  if (finish) return true
  return isObject(delta) && hasContentIn(delta)
}

/** Returns the text that a chunk adds to the first choice. */
function textOf(chunk: object): string {
  const choice = firstChoice(chunk)
  const delta = choice && deltaOf(choice)
  const content = isObject(delta) ? delta["content"] : undefined
  if (typeof content === "string") return content
  return objectsIn(content)
    .map(({ text }) => textOr(text) ?? "")
    .join("")
}
