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

/**
 * Compares what a reader has seen with what was stored, in order. What was stored before its first event, and what a gap
 * announces, is not lost. Throws if an event is out of order or was never stored.
 */
export function countDelivery(stored: readonly string[], seen: readonly string[]): DeliveryCounts {
  const places = new Map(stored.map((data, at) => [data, at]))
  const counts: DeliveryCounts = { sent: stored.length, seen: 0, lost: 0, doubled: 0, gaps: 0 }
  let last: number | undefined
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
    if (last !== undefined && at <= last) counts.doubled++
    else if (last !== undefined && !isAfterGap) counts.lost += at - last - 1
    last = Math.max(last ?? 0, at)
    isAfterGap = false
  }
  counts.lost += stored.length - 1 - (last ?? stored.length - 1)
  return counts
}

/** Asserts that nothing was lost or doubled. With `STEADYSTREAM_COUNTS` set, the counts are printed. */
export function expectWhole(name: string, counts: readonly DeliveryCounts[], gaps = 0): void {
  const sum = (key: keyof DeliveryCounts) => counts.reduce((total, count) => total + count[key], 0)
  const total = { sent: sum("sent"), seen: sum("seen"), lost: sum("lost"), doubled: sum("doubled"), gaps: sum("gaps") }
  printCounts(name, { readers: counts.length, ...total })
  expect({ lost: total.lost, doubled: total.doubled, gaps: total.gaps }).toEqual({ lost: 0, doubled: 0, gaps })
}

/** Prints the counts of a test if `STEADYSTREAM_COUNTS` is set. */
export function printCounts(name: string, counts: Readonly<Record<string, number>>): void {
  if (process.env["STEADYSTREAM_COUNTS"] === undefined) return
  const parts = Object.entries(counts).map(([key, count]) => `${key} ${count}`)
  process.stdout.write(`${name}: ${parts.join(", ")}\n`)
}
