/* Runs one cell in a separate process, because earlier code changes how the engine compiles later code. Prints JSON. */
import type { Contender } from "./contender.ts"
import { type CellName, type CellSamples, parseCell } from "./cells.ts"
import { corpora, decodeChunks, deliver, messages, type CorpusEvent } from "./corpora.ts"
import { encodeContenders } from "./encoding.ts"
import { iterationContenders } from "./iterating.ts"
import { type Budget, digest, measure } from "./measure.ts"
import { byteContenders, textContenders } from "./parsing.ts"

const FULL: Budget = { warmUp: 150_000, samples: 500_000, minRounds: 7, maxRounds: 31 }
const QUICK: Budget = { warmUp: 80_000, samples: 100_000, minRounds: 3, maxRounds: 11 }

async function runCell<Chunk>(
  cell: CellName,
  contenders: readonly Contender<Chunk>[],
  chunks: readonly Chunk[],
  expected: readonly CorpusEvent[],
  budget: Budget,
): Promise<CellSamples> {
  const samples = await measure(contenders, chunks, budget)
  // Checked last and untimed, because a second callback makes a call site slower.
  const wanted = await digest((report) => {
    for (const { event, data } of expected) report(event, data)
  })
  const wrong: Record<string, string> = {}
  for (const contender of contenders) {
    if (contender.report === undefined) continue
    const found = await digest((report) => contender.report!(chunks, report))
    if (found !== wanted) wrong[contender.name] = found
  }
  if (wrong["steadystream"] !== undefined)
    throw new Error(`Cannot run ${cell}: steadystream must report ${wanted}, not ${wrong["steadystream"]}`)
  return { samples: samples.filter(({ name }) => wrong[name] === undefined), wanted, wrong }
}

function run(cell: CellName, budget: Budget): Promise<CellSamples> {
  const [group, corpusName, delivery] = parseCell(cell)
  if (group === "encode") {
    const { events } = messages[corpusName]!()
    return runCell(cell, encodeContenders, events, events, budget)
  }
  const corpus = corpora[corpusName]!()
  const lineEnd = corpusName === "cr" ? "\r" : "\n"
  const bytes = deliver(corpus, delivery)
  if (group === "text") return runCell(cell, textContenders(lineEnd), decodeChunks(bytes), corpus.events, budget)
  const contenders = group === "bytes" ? byteContenders(lineEnd) : iterationContenders
  return runCell(cell, contenders, bytes, corpus.events, budget)
}

const [cell, speed] = process.argv.slice(2)
console.log(JSON.stringify(await run(cell as CellName, speed === "quick" ? QUICK : FULL)))
