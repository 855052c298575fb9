export { eventStreamResponse } from "./event-stream-response.ts"
export type { EventStreamRequest, EventStreamResponseOptions } from "./event-stream-response.ts"
export type { Session } from "./session.ts"
export type { SseEventSource, SseReturnedSource, SseServerSource, SseSourceItem } from "./source.ts"
