export { sendEventStream } from "./send-event-stream.ts"
export type { SendEventStreamOptions } from "./send-event-stream.ts"
export type { NodeReply, NodeRequestLike, NodeResponseLike } from "./reply.ts"
export type { NodeRequest, NodeResponse, NodeSocket } from "./node-response.ts"
