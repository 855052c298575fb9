export { eventStreamResponse } from "./event-stream-response.ts"
export type { EventStreamRequest, EventStreamResponseOptions } from "./event-stream-response.ts"
export { SseSessionError } from "../session/index.ts"
export type {
  Session,
  SessionOptions,
  SseEventSource,
  SseReturnedSource,
  SseServerSource,
  SseSourceItem,
} from "../session/index.ts"
export type {
  Cursor,
  EventStore,
  GapReason,
  LogEnd,
  LogEvent,
  LogEventInit,
  LogState,
  Position,
  StoreAppended,
  StoreAppendOptions,
  StoreClaim,
  StoreClaimOptions,
  StoreClaimRefused,
  StoreDedupe,
  StoreGap,
  StoreLease,
  StoreNews,
  StorePage,
  StoreReadOptions,
  StoreWatch,
} from "./store/event-store.ts"
export { memoryStore } from "./store/memory-store.ts"
export type { MemoryStoreOptions } from "./store/memory-store.ts"
export { SseStoreError } from "./store/store-error.ts"
export { createChannels } from "./channels/create-channels.ts"
export type { Channels, PublishedEvent } from "./channels/channel-types.ts"
export type {
  ChannelContract,
  ChannelEventInit,
  ChannelsOptions,
  ChannelStats,
  Coalescing,
  ConnectOptions,
  WithoutId,
} from "./channels/channel-options.ts"
export { createAnswers } from "./answers/create-answers.ts"
export type { Answer, Answers, AnswerSource, AnswerState, MakeAnswer, StoredAnswer } from "./answers/answer-types.ts"
export type {
  AnswerConnectOptions,
  AnswerEnd,
  AnswersOptions,
  AnswerStats,
  StartOptions,
} from "./answers/answer-options.ts"
