/* What a recording shows: a lane for each request, the states of its subscriptions, and all marks in the order of their times. */
import type { Recording, RecordingEntry, StateEntry } from "steadystream/testing"
import { type Block, blocksOf } from "./blocks.ts"
import { descriptionOf, isErrorBlock, isErrorEntry } from "./descriptions.ts"

export interface Chunk {
  readonly at: number
  /** The bytes of the body before it. */
  readonly from: number
  readonly bytes: Uint8Array
}

/** One request and its response. */
export interface Lane {
  readonly request: number
  readonly title: string
  /** Milliseconds of its first entry, of its head and of its end; a lane without an end ends with the recording. */
  readonly start: number
  readonly head: number | undefined
  readonly end: number
  readonly status: number | undefined
  readonly outcome: "end" | "error" | "cancel" | undefined
  readonly chunks: readonly Chunk[]
  readonly blocks: readonly Block[]
}

export interface StateSpan {
  /** The lane of its subscription, from -1 on down. */
  readonly lane: number
  readonly state: StateEntry["state"]
  readonly from: number
  readonly to: number
}

export type MarkKind = RecordingEntry["type"] | "event"

/** One thing that happened. */
export interface Mark {
  /** Its place among all marks. */
  readonly index: number
  readonly at: number
  readonly kind: MarkKind
  /** The place of its lane; -1 and below are the subscriptions, from the first one on. */
  readonly lane: number
  /** The place of its chunk in the lane, if it is a chunk or an event. */
  readonly chunk?: number
  /** The place of its block in the lane, if it is an event. */
  readonly block?: number
  /** What it is, in a few words, and what it holds. */
  readonly name: string
  readonly text: string
  readonly isError: boolean
}

export interface Model {
  readonly duration: number
  readonly lanes: readonly Lane[]
  /** How many lanes show the states of a subscription. */
  readonly subscriptions: number
  readonly states: readonly StateSpan[]
  readonly marks: readonly Mark[]
}

/** Returns what a recording shows. */
export function modelOf({ entries }: Recording): Model {
  const duration = entries.reduce((latest, { at }) => Math.max(latest, at), 0)
  const groups = new Map<number, RecordingEntry[]>()
  for (const entry of entries) {
    if (!("request" in entry)) continue
    const group = groups.get(entry.request)
    if (group === undefined) groups.set(entry.request, [entry])
    else group.push(entry)
  }
  const numbers = [...groups.keys()]
  const lanes = numbers.map((number) => laneOf(number, groups.get(number)!, duration))
  const marks = marksOf(entries, lanes)
  const subscriptions = marks.reduce((most, { lane }) => Math.max(most, -lane), 0)
  const states = Array.from({ length: subscriptions }, (_, number) => statesOf(entries, number, duration)).flat()
  return { duration, lanes, subscriptions, states, marks }
}

function laneOf(request: number, entries: readonly RecordingEntry[], duration: number): Lane {
  const asked = entries.find((entry) => entry.type === "request")
  const response = entries.find((entry) => entry.type === "response")
  const end = entries.find((entry) => entry.type === "end" || entry.type === "error" || entry.type === "cancel")
  let from = 0
  const chunks = entries.flatMap((entry) => {
    if (entry.type !== "chunk") return []
    const chunk = { at: entry.at, from, bytes: entry.bytes }
    from += entry.bytes.length
    return [chunk]
  })
  const type = response?.headers["content-type"]
  const blocks = blocksOf(
    chunks.map(({ bytes }) => bytes),
    type === undefined || /^text\/event-stream\b/i.test(type),
  )
  return {
    request,
    title: asked === undefined ? `response ${request}` : `${asked.method} ${asked.url}`,
    start: entries[0]!.at,
    head: response?.at,
    end: end?.at ?? duration,
    status: response?.status,
    outcome: end?.type,
    chunks,
    blocks,
  }
}

function statesOf(entries: readonly RecordingEntry[], number: number, duration: number): StateSpan[] {
  const states = entries.filter((entry) => entry.type === "state").filter((entry) => laneOfEntry(entry) === -1 - number)
  const isBefore = ({ type, at }: RecordingEntry) => type === "request" && at < (states[0]?.at ?? 0)
  const start = number === 0 ? entries.find(({ type }) => type === "request") : entries.findLast(isBefore)
  // The state in which a subscription begins is not recorded.
  const isFirstMissing = states.length > 0 && start !== undefined && start.at < states[0]!.at
  if (isFirstMissing) states.unshift({ type: "state", at: start.at, state: "connecting" })
  const lane = -1 - number
  return states.map(({ at, state }, index) => ({ lane, state, from: at, to: states[index + 1]?.at ?? duration }))
}

/** Returns the lane of an entry that belongs to no request. */
function laneOfEntry(entry: RecordingEntry): number {
  return -1 - ("subscription" in entry ? (entry.subscription ?? 0) : 0)
}

/** Returns the marks in the order of the recording. The blocks that a chunk completes follow it. */
function marksOf(entries: readonly RecordingEntry[], lanes: readonly Lane[]): Mark[] {
  const marks: Mark[] = []
  const places = new Map(lanes.map(({ request }, place) => [request, place]))
  const taken = lanes.map(() => ({ chunks: 0, blocks: 0 }))
  const add = (mark: Omit<Mark, "index">) => void marks.push({ index: marks.length, ...mark })
  for (const entry of entries) {
    const { at, type } = entry
    const lane = "request" in entry ? places.get(entry.request)! : laneOfEntry(entry)
    if (entry.type !== "chunk") {
      add({ at, kind: type, lane, ...descriptionOf(entry), isError: isErrorEntry(entry) })
      continue
    }
    const count = taken[lane]!
    const { blocks, status } = lanes[lane]!
    const chunk = count.chunks++
    add({ at, kind: "chunk", lane, chunk, name: "chunk", text: `${entry.bytes.length} bytes`, isError: false })
    for (; blocks[count.blocks]?.chunk === chunk; count.blocks++) {
      const block = blocks[count.blocks]!
      if (block.kind === "blank") continue
      const name = block.kind === "event" ? block.event : block.kind
      const isError = block.kind === "body" ? (status ?? 0) >= 400 : isErrorBlock(block)
      add({ at, kind: "event", lane, chunk, block: count.blocks, name, text: block.data, isError })
    }
  }
  return marks
}
