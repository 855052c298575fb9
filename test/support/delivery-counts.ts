/* Counts what a reader has seen of what was stored. */
import { expect } from "vitest"

/** What a reader has seen; a gap is the word "gap" and its reason. */
export interface DeliveryCounts {
  sent: number
  seen: number
  lost: number
  doubled: number
  gaps: number
}

/** Where a reader began: before the first stored event, or before any of them, as a reader that begins live. */
export type ReaderBegin = "start" | "live"

/**
 * Compares what a reader has seen with what was stored, in order. What a gap announces is not lost. A reader that began live
 * was sent only what was stored from its first event on. Throws if an event was never stored.
 */
export function countDelivery(
  stored: readonly string[],
  seen: readonly string[],
  begin: ReaderBegin = "start",
): DeliveryCounts {
  const places = new Map(stored.map((data, at) => [data, at]))
  const first = begin === "start" ? 0 : (places.get(seen.find((data) => places.has(data)) ?? "") ?? stored.length)
  const counts: DeliveryCounts = { sent: stored.length - first, seen: 0, lost: 0, doubled: 0, gaps: 0 }
  let last = first - 1
  let isAfterGap = false
  for (const data of seen) {
    if (data.startsWith("gap")) {
      counts.gaps++
      isAfterGap = true
      continue
    }
    const at = places.get(data)
    if (at === undefined) throw new Error(`Seen but never stored: ${data}`)
    counts.seen++
    if (at <= last) counts.doubled++
    else if (!isAfterGap) counts.lost += at - last - 1
    last = Math.max(last, at)
    isAfterGap = false
  }
  counts.lost += stored.length - 1 - last
  return counts
}

/** Asserts that nothing was lost or doubled, and that all was seen if there is no gap. {@link printCounts} prints it. */
export function expectWhole(name: string, counts: readonly DeliveryCounts[], gaps = 0): void {
  const sum = (key: keyof DeliveryCounts) => counts.reduce((total, count) => total + count[key], 0)
  const total = { sent: sum("sent"), seen: sum("seen"), lost: sum("lost"), doubled: sum("doubled"), gaps: sum("gaps") }
  printCounts(name, { readers: counts.length, ...total })
  expect(total.seen).toBeGreaterThan(0)
  const seen = gaps === 0 ? total.sent : total.seen
  expect(total).toEqual({ sent: total.sent, seen, lost: 0, doubled: 0, gaps })
}

/** Prints the counts of a test if `STEADYSTREAM_COUNTS` is set. */
export function printCounts(name: string, counts: Readonly<Record<string, number>>): void {
  if (process.env["STEADYSTREAM_COUNTS"] === undefined) return
  const parts = Object.entries(counts).map(([key, count]) => `${key} ${count}`)
  process.stdout.write(`${name}: ${parts.join(", ")}\n`)
}
