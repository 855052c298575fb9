/* Law: times contenders in turn and compares them round by round; knows nothing of event streams. */
import type { Contender, Report } from "./contender.ts"
import { random } from "./random.ts"

export interface Quartiles {
  readonly low: number
  readonly median: number
  readonly high: number
}

/** What a contender took in one process, or in several one after the other. */
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

/** Microseconds of CPU time that a sample takes at least. */
const SAMPLE = 6_000

export interface Budget {
  /** Microseconds of CPU time that each contender warms up for. */
  readonly warmUp: number
  /** Microseconds of CPU time for all samples of a cell, after the least number of rounds. */
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
  // Measured: without it, what comes after a contender that allocates much pays for its garbage, by 5 to 15 %.
  globalThis.gc?.({ type: "minor" })
  const start = cpuMicros()
  for (let pass = 0; pass < passes; pass++) sink += await contender.run(chunks)
  return cpuMicros() - start
}

/** Warms all contenders up in turn and finds how many passes of each take a sample's time. */
async function calibrate<Chunk>(contenders: readonly Contender<Chunk>[], chunks: readonly Chunk[], warmUp: number) {
  const passes = contenders.map(() => 1)
  const spent = contenders.map(() => 0)
  while (spent.some((micros) => micros < warmUp)) {
    for (const [index, contender] of contenders.entries()) {
      const micros = await timePasses(contender, chunks, passes[index]!)
      spent[index]! += micros
      const perPass = Math.max(micros, 1) / passes[index]!
      // A quarter more, since a pass gets cheaper as it warms up.
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
    // In another order each round, so that none always comes after the same one, whose garbage may be left.
    for (const index of shuffled(contenders.length, next)) {
      const micros = await timePasses(contenders[index]!, chunks, passes[index]!)
      samples[index]!.push(micros / passes[index]!)
    }
  }
  if (sink === 0) throw new Error("no contender touched a character")
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

/** The samples of several processes as those of one. */
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

export function quartiles(values: readonly number[]): Quartiles {
  const sorted = Float64Array.from(values)
  sorted.sort()
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!
  return { low: at(0.25), median: at(0.5), high: at(0.75) }
}

/** What the events that are reported come to: their number and a checksum over all names and data. */
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
