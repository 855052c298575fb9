/* Measures what a leak increases: the runtime's timers, and the heap after collection. */

/** How often each way to end is repeated. STEADYSTREAM_CYCLES sets a lower number. */
export const CYCLES = Number(process.env["STEADYSTREAM_CYCLES"] ?? 1_000)

/** How much the heap may grow over all cycles, in bytes. */
export const MAX_GROWTH = 2 * 1024 * 1024

/** The number of timers that keep the process alive. */
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

/** The heap growth since `before`, after a wait: Node's fetch keeps each aborted connection (7 KB) for 4 s, measured. */
export async function settledGrowth(before: number): Promise<number> {
  let growth = Infinity
  for (let attempt = 0; attempt < 100 && growth > MAX_GROWTH; attempt++) {
    if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, 100))
    growth = (await heap()) - before
  }
  return growth
}
