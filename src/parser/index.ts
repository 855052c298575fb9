export { SseParser } from "./sse-parser.ts"
export type { SseParserHandlers, SseParserLimits, SseParserOptions } from "./options.ts"
export { SseParserStream, type SseParserStreamOptions } from "./sse-parser-stream.ts"
export { readEvents, type ReadEventsOptions } from "./read-events.ts"
export type { SseChunk, SseSource } from "./source.ts"
// For the other parts; not of the package's surface.
export { isEventStreamType, isResponse, responseError } from "./check-response.ts"
export { EventReader } from "./read-events.ts"
export { openSource, type ChunkSource } from "./source.ts"
