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
const MOST = 0.8

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

/** Says what was held back, `undefined` if nothing seems to be. */
function heldBack({ head, chunks }: LintedResponse, events: readonly LintedEvent[]): string | undefined {
  if (events.length < MIN_EVENTS) return undefined
  const ends: number[] = []
  for (const { bytes } of chunks) ends.push((ends.at(-1) ?? 0) + bytes.length)
  const bursts: { start: number; last: number; events: number }[] = []
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
  const largest = bursts.reduce((best, burst) => (burst.events > best.events ? burst : best))
  const isLate = largest.start - head!.at >= MIN_HELD_MS && largest.events >= events.length * MOST
  if (isLate) {
    return (
      `${largest.events} of ${events.length} events arrived together, ${((largest.start - head!.at) / 1_000).toFixed(1)} s ` +
      "after the headers. The server or a proxy holds the stream back."
    )
  }
  const blocks = chunks.slice(0, -1).filter(({ bytes }) => bytes.length % 1_024 === 0 && bytes.length > 0)
  const isCutInBlocks = blocks.length >= 3 && blocks.length === chunks.length - 1
  return isCutInBlocks
    ? "The stream arrives in blocks of 1,024 bytes or a multiple, so a buffer is on its way."
    : undefined
}
