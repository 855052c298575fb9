export { EventSource } from "./event-source.ts"
export type { EventSourceConstructor, EventSourceErrorEvent, EventSourceEventMap } from "./event-source.ts"
export type { EventSourceFetch, EventSourceFetchInit, EventSourceInit } from "./init.ts"
