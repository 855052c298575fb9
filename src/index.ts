export type { SseEvent, SseEventInit } from "./event.ts"
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
  SseEventIterator,
  SseParserHandlers,
  SseParserLimits,
  SseParserOptions,
  SseParserStreamOptions,
  SseSource,
} from "./parser/index.ts"
export { encodeComment, encodeEvent, encodeRetry, SseEncoderStream } from "./encoder/index.ts"
