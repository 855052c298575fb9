export { encodeComment, encodeEvent, encodeRetry } from "./encode-event.ts"
export { SseEncoderStream } from "./sse-encoder-stream.ts"
