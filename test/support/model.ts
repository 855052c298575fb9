/*
 * The specification's interpretation of one whole decoded text, in the order of the specification. It must share no
 * code with the parser, and it ignores chunks, limits and speed.
 * Spec: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
import type { SseEvent } from "steadystream"

export interface ModelResult {
  readonly events: SseEvent[]
  readonly comments: string[]
  readonly retries: number[]
  /** The id of every block that had a valid one, in the order of their blank lines. */
  readonly ids: string[]
  /** The whole lines of unknown fields. */
  readonly unknown: string[]
  readonly lastEventId: string
}

/** Interprets the complete stream `text`; the unfinished block at its end is discarded. */
export function parseModel(text: string, options: { lastEventId?: string } = {}): ModelResult {
  const result = { events: [], comments: [], retries: [], ids: [], unknown: [] } as Omit<ModelResult, "lastEventId">
  let lastEventId = options.lastEventId ?? ""
  let [data, event, id]: [string, string, string | undefined] = ["", "", undefined]

  // The text after the last line end is not a line.
  const lines = text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\n|\r/)
    .slice(0, -1)
  for (const line of lines) {
    const [, field = "", value = ""] = /^([^:]*)(?:: ?([^]*))?$/.exec(line)!
    if (line === "") {
      if (id !== undefined) result.ids.push((lastEventId = id))
      if (data !== "") result.events.push({ event: event || "message", data: data.slice(0, -1), id, lastEventId })
      ;[data, event, id] = ["", "", undefined]
    } else if (line.startsWith(":")) result.comments.push(value)
    else if (field === "event") event = value
    else if (field === "data") data += `${value}\n`
    else if (field === "id") id = value.includes("\0") ? id : value
    else if (field === "retry") {
      if (/^[0-9]+$/.test(value)) result.retries.push(Math.min(Number(value), Number.MAX_SAFE_INTEGER))
    } else result.unknown.push(line)
  }
  return { ...result, lastEventId }
}
