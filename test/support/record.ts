import { SseParser, type SseParserOptions } from "steadystream"
import { type ModelResult, parseModel } from "./model.ts"

/** The parser's handler calls for `chunks`, of all handlers or only `onEvent`, in the shape of the model. */
export function record(chunks: Iterable<string | Uint8Array>, wanted: "all" | "events" = "all"): ModelResult {
  const { events, comments, retries, ids, unknown } = parseModel("")
  const handlers: SseParserOptions = {
    onEvent: (event) => events.push(event),
    onComment: (text) => comments.push(text),
    onRetry: (ms) => retries.push(ms),
    onId: (id) => ids.push(id),
    onUnknownLine: (text) => unknown.push(text),
  }
  const parser = new SseParser(wanted === "all" ? handlers : { onEvent: handlers.onEvent })
  for (const chunk of chunks) parser.feed(chunk)
  parser.end()
  return { events, comments, retries, ids, unknown, lastEventId: parser.lastEventId }
}
