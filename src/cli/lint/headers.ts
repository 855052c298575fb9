/* The rules of the head of a response. */
import type { LintedResponse } from "./linted-response.ts"
import type { Finding } from "./rules.ts"

/** Checks the status and the headers. A body from a plain file has none. */
export function* checkHead({ head }: LintedResponse): Generator<Finding, undefined> {
  if (head === undefined || head.status === 204) return undefined
  const { status, headers } = head
  const header = (name: string) => headers[name] ?? ""
  if (status !== 200) {
    yield { rule: "headers/status", message: `The status is ${status}. Readers take only 200 as a stream.` }
    return undefined
  }
  if (!/^\s*text\/event-stream\s*(?:;|$)/i.test(header("content-type"))) {
    yield { rule: "headers/content-type", message: "The content type is not text/event-stream, so EventSource fails." }
  }
  if (!/\bno-transform\b/i.test(header("cache-control"))) {
    const message = "Cache-Control has no no-transform, so a proxy may compress the stream and hold it back."
    yield { rule: "headers/no-transform", message }
  }
  if (header("content-length") !== "") {
    const message = "The response has a Content-Length, so it was complete before it was sent, or a proxy has kept it."
    yield { rule: "headers/content-length", message }
  }
  if (!/^(?:|identity)$/i.test(header("content-encoding"))) {
    const message = "The stream is compressed. Unless each event is flushed, it arrives late."
    yield { rule: "headers/content-encoding", message }
  }
  if (header("x-accel-buffering").toLowerCase() !== "no") {
    const message = "X-Accel-Buffering is not no, so nginx and proxies like it may hold the stream back."
    yield { rule: "headers/x-accel-buffering", message }
  }
  return undefined
}
