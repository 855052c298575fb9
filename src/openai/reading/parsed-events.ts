/*
 * What a source of events, such as a subscription, is asked: for its events, and at its end, whether these were all. A source
 * has only events or only pieces of a body.
 */
import type { SseEvent } from "../../event.ts"
import type { ResponseCursor } from "./chunk-dialect.ts"
import { gapError } from "./stream-event.ts"

/** The members of a subscription, or of what `readEvents()` returns, that say whether its events were all. */
interface Whole {
  readonly end?:
    | { readonly reason?: unknown; readonly mark?: string | undefined; readonly unfinished?: SseEvent }
    | undefined
  readonly unfinished?: SseEvent
  readonly gaps?: number
  readonly restarts?: number
}

/** Whether an item of a source is an event. */
export function isEvent(item: unknown): item is SseEvent {
  return typeof (item as Partial<SseEvent> | null | undefined)?.data === "string"
}

/**
 * Returns an item of a source of events as an event.
 *
 * @throws TypeError if it is none, as when a contract has decoded its data.
 */
export function eventOf(item: unknown, name: string): SseEvent {
  if (!isEvent(item)) throw itemError(name)
  // By their names: those of a MessageEvent are not its own.
  const { data, id, lastEventId } = item
  return item.event ? item : { event: "message", data, id, lastEventId }
}

/** Returns the error for an item that no source may have. */
export function itemError(name: string): TypeError {
  return new TypeError(
    `Cannot read ${name}: the source must have only bytes and text, or only events with text as data`,
  )
}

/** In characters. */
export function sizeOf({ data, event, id }: SseEvent): number {
  return data.length + event.length + (id?.length ?? 0)
}

/** Whether the caller has closed the source, so that its end is not the end of the answer. */
export function isClosed(source: unknown): boolean {
  return (source as Whole).end?.reason === "cancelled"
}

/** Whether the source is a subscription that has failed. */
export function hasFailed(source: unknown): boolean {
  return (source as Whole).end?.reason === "error"
}

/** Returns the end mark that the source took and did not deliver. */
export function endMarkOf(source: unknown): string | undefined {
  return (source as Whole).end?.mark
}

/** Returns the event that the source ended inside and did not deliver, as far as it arrived. */
export function unfinishedOf(source: unknown): SseEvent | undefined {
  const { end, unfinished } = source as Whole
  return end?.unfinished ?? unfinished
}

/** Whether an event follows by its number: the caller of a subscription may resume from that instead of from an ID. */
export function isAfter({ data }: SseEvent, cursor: ResponseCursor | undefined): boolean {
  const number = /"sequence_number":\s*(\d+)/.exec(data)?.[1]
  return cursor !== undefined && Number(number) > cursor.sequenceNumber
}

/** Returns how many connections of the source did not continue the ones before them. */
export function restartsOf(source: unknown): number {
  return (source as Whole).restarts ?? 0
}

/** @throws {@link SseTruncatedError} if the source has come to a gap, also one that it does not deliver. */
export function checkGaps(source: unknown, name: string): void {
  if ((source as Whole).gaps! > 0) throw gapError(name)
}
