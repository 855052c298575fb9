export { sendEventStream } from "./send-event-stream.ts"
export type { NodeRequestLike, NodeResponseLike, SendEventStreamOptions } from "./send-event-stream.ts"
export type { NodeRequest, NodeResponse } from "./node-response.ts"
