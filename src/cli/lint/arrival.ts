/* The rules of the times at which bytes arrived: buffering, and silence without a sign of life. */
import type { LintedEvent } from "./framing.ts"
import type { LintedResponse } from "./linted-response.ts"
import type { Finding } from "./rules.ts"

/** Proxies close a connection after a silence of this order; the authoring notes advise a comment every 15 s. */
const MAX_SILENCE_MS = 30_000

/** Events that arrive together after this time were probably made one by one and held back. */
const MIN_HELD_MS = 1_000
const MIN_EVENTS = 5
/** Chunks that arrive within this time are one burst. */
const BURST_MS = 20
/** The share of the events that must be in one burst. */
const MIN_SHARE = 0.8

/** Checks when the bytes arrived. */
export function* checkArrival(response: LintedResponse, events: readonly LintedEvent[]): Generator<Finding, undefined> {
  const { head, chunks, end, endAt } = response
  if (head === undefined || head.status !== 200) return undefined
  const times = [head.at, ...chunks.map(({ at }) => at), ...(end === "end" ? [] : [endAt])]
  const silence = times.reduce((longest, at, index) => Math.max(longest, at - (times[index - 1] ?? at)), 0)
  if (silence >= MAX_SILENCE_MS) {
    const message = `Nothing arrived for ${(silence / 1_000).toFixed(1)} s. Proxies close such connections: send a comment every 15 s.`
    yield { rule: "arrival/silence", message }
  }
  const held = heldBack(response, events)
  if (held !== undefined) yield { rule: "arrival/buffered", message: held }
  return undefined
}

/** Returns the sign that the stream was held back, `undefined` if there is none. */
function heldBack(response: LintedResponse, events: readonly LintedEvent[]): string | undefined {
  if (events.length < MIN_EVENTS) return undefined
  const { start, events: count } = largestBurst(response, events)
  const late = start - response.head!.at
  if (late >= MIN_HELD_MS && count >= events.length * MIN_SHARE) {
    return (
      `${count} of ${events.length} events arrived together, ${(late / 1_000).toFixed(1)} s ` +
      "after the headers. The server or a proxy holds the stream back."
    )
  }
  return isCutInBlocks(response)
    ? "The stream arrives in blocks of 1,024 bytes or a multiple, so a buffer is on its way."
    : undefined
}

/** Events that arrived together. */
interface Burst {
  readonly start: number
  last: number
  events: number
}

/** The first of the bursts with the most events. There must be an event. */
function largestBurst({ chunks }: LintedResponse, events: readonly LintedEvent[]): Burst {
  const ends: number[] = []
  for (const { bytes } of chunks) ends.push((ends.at(-1) ?? 0) + bytes.length)
  const bursts: Burst[] = []
  let at = 0
  for (const { next } of events) {
    while (ends[at]! < next) at++
    const time = chunks[at]!.at
    const burst = bursts.at(-1)
    if (burst !== undefined && time - burst.last <= BURST_MS) {
      burst.last = time
      burst.events++
    } else bursts.push({ start: time, last: time, events: 1 })
  }
  return bursts.reduce((best, burst) => (burst.events > best.events ? burst : best))
}

/** Whether every chunk but the last has the size of a buffer. */
function isCutInBlocks({ chunks }: LintedResponse): boolean {
  const before = chunks.slice(0, -1)
  return before.length >= 3 && before.every(({ bytes }) => bytes.length % 1_024 === 0 && bytes.length > 0)
}
