/* Makes a fault out of a recorded stream: its bytes are cut, changed or held up at any byte or event. */
import { checkOptions, type OptionKinds } from "../../internal/option-checks.ts"
import { type Body, type End, mutated } from "./body-change.ts"
import { bodyLength, eventEnds, type PlacedChunk } from "./body-place.ts"
import { type Exchange, exchangesOf } from "./exchange.ts"
import type { Mutation } from "./mutation.ts"
import type { ChunkEntry, Recording, RecordingEntry } from "./recording.ts"

/** Options of {@link mutate}. */
export interface MutateOptions {
  /**
   * The number of the request whose body is changed.
   * @defaultValue `0`
   */
  readonly request?: number | undefined
}

/** Options of {@link everyCut}. */
export interface EveryCutOptions extends MutateOptions {
  /**
   * Whether to cut after each byte or after each event.
   * @defaultValue `"event"`
   */
  readonly by?: "byte" | "event" | undefined
  /**
   * What happens there: the connection breaks, the body ends cleanly, or nothing more arrives.
   * @defaultValue `"reset"`
   */
  readonly end?: "reset" | "cut" | "stall" | undefined
}

/** A recording whose body is cut. */
export interface CutRecording {
  /** The number of bytes that are left of the body. */
  readonly byte: number
  /** The recording with the shorter body. */
  readonly recording: Recording
}

/**
 * Returns a recording with one change of a response body; the recording itself stays as it is.
 *
 * @throws TypeError if the mutation is none, RangeError if its place is not in the body.
 * @see {@link everyCut}
 * @example
 * ```ts
 * import { readEvents } from "steadystream"
 * import { mutate, record, replay, scriptedFetch } from "steadystream/testing"
 *
 * const recorder = record()
 * const fetch = recorder.fetch(scriptedFetch([{ chunks: ["data: a\n\ndata: b\n\n"] }]))
 * await (await fetch("https://example.com/")).text()
 * const broken = mutate(recorder.recording, { reset: { event: 1 } })
 * try {
 *   for await (const { data } of readEvents(replay(broken, { speed: Infinity }).response())) console.log(data) // a
 * } catch (error) {
 *   console.log(String(error)) // the connection was broken
 * }
 * ```
 */
export function mutate(recording: Recording, mutation: Mutation, options: MutateOptions = {}): Recording {
  checkOptions(options, { request: "a number" })
  const exchange = exchangeOf(recording, options)
  const { chunks, end } = mutated(exchange, placedBody(recording, exchange), mutation)
  const { entries } = recording
  const others = entries.flatMap((entry, place) => (isOfBody(entry, exchange) ? [] : [{ entry, place }]))
  const body = [...chunks, ...(end === undefined ? [] : [end])].map(({ place, ...entry }) => ({ entry, place }))
  // Entries of the same time keep their order: with a replay at once, all have the same.
  const all = [...others, ...body]
  all.sort((one, two) => one.entry.at - two.entry.at || one.place - two.place)
  return { version: 1, entries: all.map(({ entry }) => entry) }
}

function isOfBody(entry: RecordingEntry, { number }: Exchange): entry is ChunkEntry | End {
  return "request" in entry && entry.request === number && entry.type !== "request" && entry.type !== "response"
}

function placedBody({ entries }: Recording, exchange: Exchange): Body {
  const chunks: PlacedChunk[] = []
  let end: Body["end"]
  for (const [place, entry] of entries.entries()) {
    if (!isOfBody(entry, exchange)) continue
    if (entry.type === "chunk") chunks.push({ ...entry, place })
    else end = { ...entry, place }
  }
  return { chunks, end }
}

/**
 * Returns one recording for each place where a body can be cut, in their order: at its start, and after each byte or event,
 * but not at its end.
 *
 * @throws RangeError if there is no such request; TypeError if an option is not valid.
 * @example
 * ```ts
 * import { readEvents } from "steadystream"
 * import { everyCut, record, replay, scriptedFetch } from "steadystream/testing"
 *
 * const recorder = record()
 * const fetch = recorder.fetch(scriptedFetch([{ chunks: ["data: a\n\ndata: b\n\n"] }]))
 * await (await fetch("https://example.com/")).text()
 * for (const { byte, recording } of everyCut(recorder.recording, { by: "byte", end: "cut" })) {
 *   const response = replay(recording, { speed: Infinity }).response()
 *   for await (const { data } of readEvents(response)) console.log(byte, data)
 * }
 * ```
 */
export function everyCut(
  recording: Recording,
  options: EveryCutOptions = {},
): Generator<CutRecording, undefined, undefined> {
  checkOptions(options, EVERY_CUT_KINDS)
  const { by = "event", end = "reset", request } = options
  const { chunks } = exchangeOf(recording, { request })
  const length = bodyLength(chunks)
  const places = by === "byte" ? length : [0, ...eventEnds(chunks)].filter((byte) => byte < length)
  return cuts(recording, places, end, { request })
}

const EVERY_CUT_KINDS: OptionKinds<EveryCutOptions> = {
  request: "a number",
  by: '"byte" or "event"',
  end: '"reset", "cut" or "stall"',
}

/** @param places - The numbers of bytes, or how many there are from 0. */
function* cuts(
  recording: Recording,
  places: readonly number[] | number,
  end: "reset" | "cut" | "stall",
  options: MutateOptions,
): Generator<CutRecording, undefined, undefined> {
  const isList = typeof places === "object"
  const count = isList ? places.length : places
  for (let at = 0; at < count; at++) {
    const byte = isList ? places[at]! : at
    yield { byte, recording: mutate(recording, { [end]: { byte } } as unknown as Mutation, options) }
  }
}

function exchangeOf(recording: Recording, { request = 0 }: MutateOptions): Exchange {
  const exchange = exchangesOf(recording).find(({ number }) => number === request)
  if (exchange?.response !== undefined) return exchange
  throw new RangeError(`Cannot mutate: the recording must have a response ${request}`)
}
