import type { ChatCompletionChunk } from "./chat-chunk.ts"
import { ChatAccumulator, type ChatSnapshot } from "./chat-snapshot.ts"
import { choicesErrorOf, dropHeartbeat, firstChoice } from "./choices.ts"
import type { ChunkDialect } from "../reading/chunk-dialect.ts"
import { openChunks } from "../reading/chunk-reader.ts"
import type { ChunkSource, ChunkStream, ReadChunksOptions } from "../reading/chunk-stream.ts"
import { isObject, objectsIn, textOr, type Fields } from "../reading/fields.ts"

/** How chat completions are read. */
export const chatDialect: ChunkDialect<object, ChatSnapshot> = {
  name: "chat completions",
  sentinel: "[DONE]",
  decode: dropHeartbeat,
  error: choicesErrorOf,
  isContent: (chunk) => objectsIn((chunk as Fields)["choices"]).some(hasContent),
  textOf,
  accumulate: (limits) => new ChatAccumulator(limits),
}

/**
 * Reads a streamed chat completion of OpenAI or of any provider that speaks its dialect.
 *
 * Gives out the provider's own chunks; the snapshot is what they add up to, the same for every provider. A stream that
 * ends before `[DONE]` or a finish reason of every choice is never taken for a whole one. Never reconnects.
 *
 * @typeParam Chunk - The type of the chunks, such as the one of the provider's own package.
 * @throws TypeError at once, where the source is none or its body is locked.
 * @throws RangeError at once, if a timeout is not a number from 0 or a limit is not a number from 1.
 * @throws {@link SseError} from the iteration, with `partial`, `chunks` and `requestId`: {@link SseResponseError},
 * {@link SseNotAStreamError}, {@link SseProviderError}, {@link SseMalformedError}, {@link SseTruncatedError},
 * {@link SseTimeoutError}, {@link SseLimitError} or {@link SseConnectionError}. Abort rejects with the signal's reason.
 * @see https://platform.openai.com/docs/api-reference/chat-streaming
 * @example
 * ```ts
 * import { readChatCompletions } from "steadystream/openai"
 *
 * const response = new Response(
 *   'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
 * )
 * const stream = readChatCompletions(response)
 * for await (const chunk of stream) console.log(chunk.choices[0]?.delta.content) // Hi
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
  if (!isObject(delta)) return false
  // Whatever a provider calls it: it is all that is neither the role nor empty.
  return Object.keys(delta).some((name) => name !== "role" && delta[name] && (delta[name] as unknown[]).length !== 0)
}

/** The text that a chunk adds to the first choice. */
function textOf(chunk: object): string {
  const delta = firstChoice(chunk)?.["delta"]
  const content = isObject(delta) ? delta["content"] : undefined
  if (typeof content === "string") return content
  return objectsIn(content)
    .map(({ text }) => textOr(text) ?? "")
    .join("")
}
