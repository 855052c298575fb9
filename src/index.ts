export type { SseControlInit, SseEvent, SseEventInit, SseEventIterator } from "./event.ts"
export type { Clock } from "./internal/clock.ts"
export {
  SseConnectionError,
  SseError,
  SseLimitError,
  SseMalformedError,
  SseNotAStreamError,
  SseProviderError,
  SseResponseError,
  SseRetryError,
  SseTimeoutError,
  SseTruncatedError,
  SseValidationError,
} from "./errors.ts"
export type { ProviderErrorBody, SseErrorCode, SseFailedAttempt, SseValidationIssue } from "./errors.ts"
export { readEvents, SseParser, SseParserStream } from "./parser/index.ts"
export type {
  ReadEventsOptions,
  SseChunk,
  SseParserHandlers,
  SseParserLimits,
  SseParserOptions,
  SseParserStreamOptions,
  SseSource,
} from "./parser/index.ts"
export { encodeComment, encodeEvent, encodeRetry, SseEncoderStream } from "./encoder/index.ts"
export { codec, defineEvents, text, type } from "./contract/index.ts"
export type {
  DefineEventsOptions,
  EventCodec,
  EventContract,
  DecodedEvent,
  EventDecoder,
  EventEncoder,
  EventInitOf,
  EventMember,
  EventOf,
  MemberInput,
  MemberOutput,
  SchemaCodec,
  StandardSchemaProps,
  StandardSchemaResult,
  StandardSchemaTypes,
  StandardSchemaV1,
  TypedEventInit,
} from "./contract/index.ts"
