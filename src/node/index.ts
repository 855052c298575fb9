export { sendEventStream } from "./send-event-stream.ts"
export type { NodeReply, NodeRequestLike, NodeResponseLike, SendEventStreamOptions } from "./send-event-stream.ts"
export type { NodeRequest, NodeResponse, NodeSocket } from "./node-response.ts"
