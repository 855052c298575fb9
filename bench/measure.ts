/* Times contenders in turns and compares them round by round. It does not depend on event streams. */
import type { Contender, Report } from "./contender.ts"
import { random } from "./random.ts"

export interface Quartiles {
  readonly low: number
  readonly median: number
  readonly high: number
}

/** The times of a contender in one process, or in several processes in sequence. */
export interface Samples {
  readonly name: string
  readonly isFloor: boolean
  /** CPU time of one pass in microseconds, by round. */
  readonly micros: readonly number[]
}

export interface ContenderResult {
  readonly name: string
  readonly isFloor: boolean
  /** CPU time of one pass in microseconds, the median of all rounds. */
  readonly micros: number
  /** CPU time as a multiple of the first contender's in the same round. */
  readonly ratio: Quartiles
}

/** The minimum CPU time of a sample, in microseconds. */
const SAMPLE = 6_000

export interface Budget {
  /** The CPU time for which each contender warms up, in microseconds. */
  readonly warmUp: number
  /** The CPU time for all samples of a cell, in microseconds; `minRounds` may exceed it. */
  readonly samples: number
  readonly minRounds: number
  readonly maxRounds: number
}

const cpuMicros = (): number => {
  const { user, system } = process.cpuUsage()
  return user + system
}

let sink = 0

async function timePasses<Chunk>(contender: Contender<Chunk>, chunks: readonly Chunk[], passes: number) {
  // Measured: without this, a contender is 5 to 15 % slower after one that allocates much, because of its garbage.
  globalThis.gc?.({ type: "minor" })
  const start = cpuMicros()
  for (let pass = 0; pass < passes; pass++) sink += await contender.run(chunks)
  return cpuMicros() - start
}

/** Warms up all contenders in turns, and returns how many passes of each take the time of a sample. */
async function calibrate<Chunk>(contenders: readonly Contender<Chunk>[], chunks: readonly Chunk[], warmUp: number) {
  const passes = contenders.map(() => 1)
  const spent = contenders.map(() => 0)
  while (spent.some((micros) => micros < warmUp)) {
    for (const [index, contender] of contenders.entries()) {
      const micros = await timePasses(contender, chunks, passes[index]!)
      spent[index]! += micros
      const perPass = Math.max(micros, 1) / passes[index]!
      // A quarter more, because a pass becomes faster while it warms up.
      passes[index] = Math.max(1, Math.ceil((1.25 * SAMPLE) / perPass))
    }
  }
  return passes
}

export async function measure<Chunk>(
  contenders: readonly Contender<Chunk>[],
  chunks: readonly Chunk[],
  budget: Budget,
): Promise<Samples[]> {
  const passes = await calibrate(contenders, chunks, budget.warmUp)
  const samples: number[][] = contenders.map(() => [])
  const next = random(13)
  const start = cpuMicros()
  for (let round = 0; round < budget.maxRounds; round++) {
    if (round >= budget.minRounds && cpuMicros() - start > budget.samples) break
    // In a new order each round, so that no contender always runs after the same one and its garbage.
    for (const index of shuffled(contenders.length, next)) {
      const micros = await timePasses(contenders[index]!, chunks, passes[index]!)
      samples[index]!.push(micros / passes[index]!)
    }
  }
  if (sink === 0) throw new Error("Cannot measure: the contenders must touch a character")
  return contenders.map(({ name, isFloor }, index) => ({ name, isFloor: isFloor === true, micros: samples[index]! }))
}

/** Compares contenders with the first of them, round by round. */
export function compare(contenders: readonly Samples[]): ContenderResult[] {
  const first = contenders[0]!.micros
  return contenders.map(({ name, isFloor, micros }) => ({
    name,
    isFloor,
    micros: quartiles(micros).median,
    ratio: quartiles(micros.map((time, round) => time / first[round]!)),
  }))
}

/** Joins the samples of several processes. */
export function pool(runs: readonly (readonly Samples[])[]): Samples[] {
  return runs[0]!.map((contender, index) => ({ ...contender, micros: runs.flatMap((run) => run[index]!.micros) }))
}

function shuffled(length: number, next: () => number): number[] {
  const order = Array.from({ length }, (_, index) => index)
  for (let index = length - 1; index > 0; index--) {
    const other = Math.floor(next() * (index + 1))
    ;[order[index], order[other]] = [order[other]!, order[index]!]
  }
  return order
}

/** Values between two ranks are interpolated, so that the median of two values is their mean. */
export function quartiles(values: readonly number[]): Quartiles {
  const sorted = Float64Array.from(values)
  sorted.sort()
  const at = (share: number) => {
    const place = share * (sorted.length - 1)
    const [below, above] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!]
    return below + (above - below) * (place % 1)
  }
  return { low: at(0.25), median: at(0.5), high: at(0.75) }
}

/** Returns the number of the reported events and a checksum of their names and data. */
export async function digest(run: (report: Report) => void | Promise<void>): Promise<string> {
  let count = 0
  let sum = 0
  const add = (text: string) => {
    for (let index = 0; index < text.length; index++) sum = (Math.imul(sum, 31) + text.charCodeAt(index)) | 0
    sum = (Math.imul(sum, 31) + 0xffff) | 0
  }
  await run((event, data) => {
    count++
    add(event === undefined || event === "" ? "message" : event)
    add(data)
  })
  return `${count} events, checksum ${sum >>> 0}`
}
