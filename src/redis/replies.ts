/* Reads what Redis sends: replies of scripts, entries of streams, and messages. */
import {
  formatCursor,
  type LogEvent,
  type LogEnd,
  type LogState,
  type StoreNews,
  type StorePage,
  utf8Length,
} from "../server/store/index.ts"

/** Returns a string of a reply, which some clients return as bytes or as a number. */
export function textOf(value: unknown): string {
  // A byte order mark is a part of the text.
  return value instanceof Uint8Array ? new TextDecoder("utf-8", { ignoreBOM: true }).decode(value) : String(value ?? "")
}

export function textsOf(reply: unknown): string[] {
  return Array.isArray(reply) ? reply.map(textOf) : []
}

/** Cuts the text of an entry into those of its events. */
export function splitTexts(lengths: string, text: string): string[] {
  let at = 0
  return lengths === "" ? [] : lengths.split(",").map((length) => text.slice(at, (at += Number(length))))
}

function detailOf(json: string): { detail?: string } {
  return json === "" ? {} : { detail: JSON.parse(json) as string }
}

/** Reads the state of a log: the first seven strings of a reply. */
export function readState(reply: readonly string[]): LogState {
  const [, status, detail = "", leaseLeft, epoch = "", first, last] = reply
  return {
    status: status as LogState["status"],
    first: formatCursor(epoch, Number(first)),
    last: formatCursor(epoch, Number(last)),
    ...(leaseLeft ? { leaseLeft: Number(leaseLeft) } : detailOf(detail)),
  }
}

/** Reads a page, of which the reply may have more events than were asked for. */
export function readPage(reply: readonly string[], maxEvents: number, maxBytes: number): StorePage {
  const [epoch = "", , last, from, reason] = reply.slice(4)
  const state = readState(reply)
  const events: LogEvent[] = []
  let bytes = 0
  let next = Number(from)
  let isFull = false
  for (let at = 9; at < reply.length && !isFull; at += 3) {
    const [sequence, time] = reply[at]!.split("-").map(Number)
    const texts = splitTexts(reply[at + 1]!, reply[at + 2]!)
    for (const text of texts.slice(Math.max(0, next - (sequence! - texts.length)))) {
      bytes += utf8Length(text)
      isFull = events.length >= maxEvents || (bytes > maxBytes && events.length > 0)
      if (isFull) break
      events.push({ cursor: formatCursor(epoch, ++next), text, time: time! })
    }
  }
  return {
    events,
    next: formatCursor(epoch, next),
    more: next < Number(last),
    state,
    ...(reason && { gap: { reason: reason as NonNullable<StorePage["gap"]>["reason"], resumesAt: state.first } }),
  }
}

/** Reads a message; `undefined` if the log must be read instead. */
export function readNews(message: string): StoreNews | undefined {
  const [head = "", json = "", lengths = ""] = message.split("\n", 3)
  const [epoch = "", after, time, status, flag] = head.split(" ")
  if (after === undefined) return undefined
  const text = message.slice(head.length + json.length + lengths.length + 3)
  let sequence = Number(after)
  const events = splitTexts(lengths, text).map((part) => ({
    cursor: formatCursor(epoch, ++sequence),
    text: part,
    time: Number(time),
  }))
  const end = status ? { status: status as LogEnd["status"], ...detailOf(json) } : undefined
  return {
    after: formatCursor(epoch, Number(after)),
    events,
    ...(end && { end }),
    ...(flag === "cancel" && { cancel: end?.detail ?? "" }),
  }
}
