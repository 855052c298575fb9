export { readChatCompletions } from "./chat.ts"
export { readCompletions, type CompletionChunk, type CompletionSnapshot } from "./completions.ts"
export { readResponses, type ReadResponsesOptions, type ResponseEvent } from "./responses.ts"
export { readChunks } from "./chunks.ts"
export { isChunkStreamError, type ChunkStreamError } from "./chunk-error.ts"
export type {
  ChatChunkChoice,
  ChatCompletionChunk,
  ChatDelta,
  FinishReason,
  Open,
  TokenLogprob,
  ToolCallDelta,
  Usage,
} from "./chat-chunk.ts"
export type { ChatSnapshot, ChoiceSnapshot } from "./chat-snapshot.ts"
export type { KnownResponseEventType, ResponseEventType } from "./response-event-types.ts"
export type { ResponseItemSnapshot, ResponseSnapshot } from "./response-snapshot.ts"
export { toChatCompletion, type ChatCompletion, type ChatCompletionMessage } from "./to-chat-completion.ts"
export type { ToolCallSnapshot } from "./tool-calls.ts"
export type { ChunkAccumulator, ChunkLimits, ChunkProtocol, ResolvedLimits, ResponseCursor } from "./chunk-protocol.ts"
export type {
  ChunkIterator,
  ChunkResponse,
  ChunkSource,
  ChunkStream,
  ChunkTimeouts,
  EndInfo,
  EndReason,
  Heartbeat,
  MalformedPayload,
  ReadChunksOptions,
} from "./chunk-stream.ts"
