/* What a leak would grow: timers of the runtime, and the heap after collection. */

/** How often each way out is gone; fewer with STEADYSTREAM_CYCLES. */
export const CYCLES = Number(process.env["STEADYSTREAM_CYCLES"] ?? 1_000)

/** How much the heap may grow over all cycles, in bytes. */
export const MAX_GROWTH = 2 * 1024 * 1024

/** The timers that are set, which keep a process alive. */
export function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "Timeout").length
}

/** The heap in use after collection, in bytes. */
export async function heap(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    await new Promise((resolve) => setImmediate(resolve))
    ;(globalThis as { gc?: () => void }).gc!()
  }
  return process.memoryUsage().heapUsed
}

/** Measured: Node's own fetch keeps connections that were aborted while they were made for 4 s, 7 KB each. */
export async function settledGrowth(before: number): Promise<number> {
  let growth = Infinity
  for (let attempt = 0; attempt < 100 && growth > MAX_GROWTH; attempt++) {
    if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, 100))
    growth = (await heap()) - before
  }
  return growth
}
