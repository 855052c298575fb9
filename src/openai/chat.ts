import type { ProviderErrorBody } from "../errors.ts"
import type { ChatCompletionChunk } from "./chat-chunk.ts"
import { ChatAccumulator, type ChatSnapshot, reasoningOf } from "./chat-snapshot.ts"
import { isObject, objectsIn, textOr, type Fields } from "./choices.ts"
import type { ChunkProtocol } from "./chunk-protocol.ts"
import { openChunks } from "./chunk-reader.ts"
import type { ChunkSource, ChunkStream, ReadChunksOptions } from "./chunk-stream.ts"
import { choiceErrorOf, providerErrorOf } from "./provider-error.ts"

/** How chat completions are read. */
export const chatProtocol: ChunkProtocol<object, ChatSnapshot> = {
  name: "chat completions",
  sentinel: "[DONE]",
  decode: dropHeartbeat,
  error: choicesErrorOf,
  isContent,
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
 * @throws RangeError at once, where a timeout or limit is no positive number.
 * @throws {@link SseError} from the iteration, with `partial`, `chunks` and `requestId`: {@link SseResponseError},
 * {@link SseNotAStreamError}, {@link SseProviderError}, {@link SseMalformedError}, {@link SseTruncatedError},
 * {@link SseTimeoutError}, {@link SseLimitError} or {@link SseConnectionError}. Abort rejects with the signal's reason.
 * @see https://platform.openai.com/docs/api-reference/chat-streaming
 * @example
 * ```ts
 * import { readChatCompletions } from "ssekit/openai"
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
  return openChunks(source, chatProtocol as ChunkProtocol<Chunk, ChatSnapshot>, options)
}

/** Drops what some gateways send as a sign of life. */
export function dropHeartbeat(json: object): object | null {
  const { type } = json as Fields
  return type === "keepalive" || type === "ping" ? null : json
}

/** The error that a payload with choices reports, for itself or for one of them. */
export function choicesErrorOf(json: object, event: string): ProviderErrorBody | null {
  const error = providerErrorOf(json, event)
  const choices = (json as Fields)["choices"]
  if (error !== null || !Array.isArray(choices)) return error
  for (let place = 0; place < choices.length; place++) {
    const choice: unknown = choices[place]
    if (isObject(choice) && (choice["error"] || choice["finish_reason"])) {
      const found = choiceErrorOf(choice, json as Fields)
      if (found !== null) return found
    }
  }
  return null
}

function isContent(chunk: object): boolean {
  return objectsIn((chunk as Fields)["choices"]).some(hasContent)
}

function hasContent({ delta, finish_reason: finish }: Fields): boolean {
  if (finish) return true
  if (!isObject(delta)) return false
  const { content, refusal, tool_calls: calls, function_call: call, audio } = delta
  if ((content as string | unknown[] | undefined)?.length || refusal || call || audio) return true
  return objectsIn(calls).length > 0 || reasoningOf(delta) !== ""
}

/** The text that a chunk adds to the first choice. */
function textOf(chunk: object): string {
  const choice = objectsIn((chunk as Fields)["choices"]).find(({ index }) => (index ?? 0) === 0)
  const content = isObject(choice?.["delta"]) ? choice["delta"]["content"] : undefined
  if (typeof content === "string") return content
  return objectsIn(content)
    .map(({ text }) => textOr(text) ?? "")
    .join("")
}
