export { readChatCompletions } from "./chat.ts"
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
export type { ToolCallSnapshot } from "./tool-calls.ts"
export type { ChunkAccumulator, ChunkLimits, ChunkProtocol, ResponseCursor } from "./chunk-protocol.ts"
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
