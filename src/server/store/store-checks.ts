/* What a store checks before it reads or changes a log. */
import { checkNumber } from "../../internal/option-checks.ts"
import type { LogEnd, LogEventInit, LogState, Position, StoreReadOptions } from "./event-store.ts"
import { SseStoreError } from "./store-error.ts"

const PAGE_EVENTS = 100
const PAGE_BYTES = 262_144

/**
 * Returns the limits of one page.
 *
 * @throws TypeError if the position is not text, RangeError if a limit is less than 1.
 */
export function readLimits(after: Position, options: StoreReadOptions): { maxEvents: number; maxBytes: number } {
  if (typeof after !== "string") throw new TypeError(`Cannot read: "after" must be a string, not ${typeof after}`)
  return {
    maxEvents: checkNumber("maxEvents", options.maxEvents ?? PAGE_EVENTS, 1),
    maxBytes: checkNumber("maxBytes", options.maxBytes ?? PAGE_BYTES, 1),
  }
}

/** An event to add, with the bytes of its text. */
export interface SizedText {
  readonly text: string
  readonly bytes: number
}

/**
 * Checks the events of an append.
 *
 * @throws TypeError if one has no text.
 */
export function sizedTexts(events: readonly LogEventInit[]): SizedText[] {
  if (!Array.isArray(events)) throw new TypeError(`Cannot append: "events" must be an array, not ${typeof events}`)
  return (events as readonly Partial<LogEventInit>[]).map(({ text }) => {
    if (typeof text !== "string") throw new TypeError(`Cannot append: "text" must be a string, not ${typeof text}`)
    return { text, bytes: utf8Length(text) }
  })
}

/** The bytes of `text` in UTF-8; half a surrogate pair counts as the replacement character. */
export function utf8Length(text: string): number {
  let bytes = text.length
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit < 0x80) continue
    bytes += unit < 0x8_00 ? 1 : 2
    // A whole pair takes four bytes, which are counted at its first unit.
    if (unit >= 0xd8_00 && unit < 0xdc_00 && (text.charCodeAt(at + 1) & 0xfc_00) === 0xdc_00) at++
  }
  return bytes
}

/** The parts of a log that decide about an append. */
interface AppendedLog {
  readonly status: LogState["status"]
  readonly end: LogEnd | undefined
  readonly lease: { readonly token: string } | undefined
}

/**
 * Refuses an append by its lease and the state of its log.
 *
 * @throws {@link SseStoreError} if the log does not accept it.
 */
export function refuseAppend(log: AppendedLog | undefined, lease: string | undefined, mustExist = false): void {
  const status = log?.status ?? "open"
  if (lease !== undefined && lease !== log?.lease?.token) {
    throw new SseStoreError("Cannot append: the lease is no longer valid", "fenced")
  }
  if (log === undefined && mustExist) throw new SseStoreError("Cannot append: the log does not exist", "ended")
  if (log?.end !== undefined) throw new SseStoreError(`Cannot append: the log has ended as ${status}`, "ended")
  if (status === "running" && lease === undefined) {
    throw new SseStoreError("Cannot append: the log has a producer, and the append has no lease", "fenced")
  }
}
