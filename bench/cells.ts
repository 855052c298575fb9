/* The list of the cells, and the goals of some of them. */
import { compare, type ContenderResult, pool, type Samples } from "./measure.ts"

export type Group = "text" | "bytes" | "iterate" | "encode"
/** `<group>/<corpus>/<delivery>`; encoding has no delivery. */
export type CellName = `${Group}/${string}`

/** The samples of one process. */
export interface CellSamples {
  readonly samples: readonly Samples[]
  readonly wanted: string
  readonly wrong: Readonly<Record<string, string>>
}

export interface CellResult {
  readonly cell: CellName
  readonly results: readonly ContenderResult[]
  /** The number of events in the corpus and their checksum. */
  readonly wanted: string
  /** The wrong results by contender. */
  readonly wrong: Readonly<Record<string, string>>
}

const CORPORA = ["chat", "responses", "ticker", "multiline", "cjk", "comments", "crlf", "cr"]
const DELIVERIES = ["event", "16k", "64k", "random"]

export function parseCell(cell: CellName): [group: Group, corpus: string, delivery: string] {
  const [group, corpus = "", delivery = ""] = cell.split("/")
  return [group as Group, corpus, delivery]
}

function* allCells(): Generator<CellName> {
  for (const group of ["text", "bytes"]) {
    for (const corpus of CORPORA) for (const delivery of DELIVERIES) yield `${group}/${corpus}/${delivery}` as CellName
  }
  for (const delivery of DELIVERIES) yield `iterate/chat/${delivery}`
  for (const corpus of CORPORA.slice(1)) for (const delivery of ["event", "64k"]) yield `iterate/${corpus}/${delivery}`
  for (const corpus of ["json", "id+event", "multiline"]) yield `encode/${corpus}`
}

export const cells: readonly CellName[] = [...allCells()]

/** Combines the samples of several processes to the result of a cell. */
export function cellResult(cell: CellName, runs: readonly CellSamples[]): CellResult {
  const { wanted, wrong } = runs[0]!
  return { cell, results: compare(pool(runs.map(({ samples }) => samples))), wanted, wrong }
}

/** The peer that the goals of a group compare with. */
export const mainPeer: Readonly<Record<Group, string>> = {
  text: "eventsource-parser",
  bytes: "eventsource-parser + TextDecoder",
  iterate: "TextDecoderStream + EventSourceParserStream",
  encode: "eventsource-encoder",
}

/** The wanted speed as a multiple of the main peer's speed. */
export const goals: Readonly<Partial<Record<CellName, number>>> = {
  "text/chat/event": 1.25,
  "text/chat/16k": 2.6,
  "text/chat/64k": 7.5,
  "text/ticker/16k": 1.2,
  "text/comments/16k": 1.8,
  "text/crlf/16k": 1.2,
  "bytes/chat/event": 1.65,
  "bytes/chat/16k": 1.45,
  "bytes/chat/64k": 6,
  "bytes/chat/random": 1.5,
  "bytes/responses/event": 1.35,
  "bytes/responses/64k": 3.2,
  "bytes/multiline/16k": 1.1,
  "bytes/cjk/16k": 1,
  "iterate/chat/event": 5,
  "iterate/chat/64k": 4.5,
  "encode/json": 2.6,
  "encode/id+event": 1.8,
  "encode/multiline": 3,
}
