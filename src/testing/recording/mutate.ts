/* Makes a fault out of a recorded stream: its bytes are cut, changed or held up at any byte or event. */
import { checkNames, checkNumber } from "../../internal/option-checks.ts"
import { type BodyPlace, bodyLength, cutChunks, eventEnds, offsetOf } from "./body-place.ts"
import { type Exchange, exchangesOf } from "./exchange.ts"
import type { ChunkEntry, Recording, RecordingEntry } from "./recording.ts"

/** One change of a recorded body. */
export type Mutation =
  | {
      /** Ends the body cleanly there. */
      readonly cut: BodyPlace
    }
  | {
      /** Breaks the connection there. */
      readonly reset: BodyPlace
    }
  | {
      /** Sends nothing from there on, and leaves the connection open. */
      readonly stall: BodyPlace
    }
  | {
      /** Everything from there on arrives later. */
      readonly delay: BodyPlace
      /** How much later, in milliseconds. */
      readonly by: number
    }
  | {
      /** Replaces the bytes from there on. */
      readonly corrupt: BodyPlace
      /**
       * The bytes that replace as many others.
       * @defaultValue the byte there with all its bits inverted
       */
      readonly bytes?: string | Uint8Array | undefined
    }
  | {
      /** Cuts a chunk in two there. A number cuts every chunk into pieces of at most that many bytes. */
      readonly split: BodyPlace | number
    }
  | {
      /** Joins all chunks into one, which arrives when the last one arrived. */
      readonly merge: true
    }

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

type Body = Pick<Exchange, "chunks" | "end">

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
  const exchange = exchangeOf(recording, options)
  const { chunks, end } = mutated(exchange, mutation)
  const isOfBody = (entry: RecordingEntry) =>
    "request" in entry && entry.request === exchange.number && entry.type !== "request" && entry.type !== "response"
  const others = recording.entries.filter((entry) => !isOfBody(entry))
  const entries = [...others, ...chunks, ...(end === undefined ? [] : [end])]
  // eslint-disable-next-line unicorn/no-array-sort -- why: the oldest runtimes have no toSorted(), and the array is new
  return { version: 1, entries: entries.sort((one, two) => one.at - two.at) }
}

/**
 * Returns one recording for each place where a body can be cut, in their order: at its start, and after each byte or event
 * but the last one.
 *
 * @throws RangeError if there is no such request.
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
export function* everyCut(recording: Recording, options: EveryCutOptions = {}): Generator<CutRecording, undefined> {
  checkNames("options", options, { request: true, by: true, end: true })
  const { by = "event", end = "reset", request } = options
  const { chunks } = exchangeOf(recording, { request })
  const length = bodyLength(chunks)
  const places = by === "byte" ? Array.from({ length }, (_, byte) => byte) : [0, ...eventEnds(chunks)]
  for (const byte of places) {
    if (byte >= length) continue
    yield { byte, recording: mutate(recording, { [end]: { byte } } as unknown as Mutation, { request }) }
  }
}

function exchangeOf(recording: Recording, options: MutateOptions): Exchange {
  checkNames("options", options, { request: true })
  const { request = 0 } = options
  const exchange = exchangesOf(recording).find(({ number }) => number === request)
  if (exchange?.response !== undefined) return exchange
  throw new RangeError(`Cannot mutate: the recording must have a response ${request}`)
}

function mutated(exchange: Exchange, mutation: Mutation): Body {
  const { chunks, end } = exchange
  if ("cut" in mutation) return ended(exchange, offsetOf(mutation.cut, chunks), "end")
  if ("reset" in mutation) return ended(exchange, offsetOf(mutation.reset, chunks), "error")
  if ("stall" in mutation) return { chunks: cutChunks(chunks, offsetOf(mutation.stall, chunks))[0], end: undefined }
  if ("delay" in mutation) return delayed(exchange, offsetOf(mutation.delay, chunks), mutation.by)
  if ("corrupt" in mutation) {
    return { chunks: corrupted(chunks, offsetOf(mutation.corrupt, chunks), mutation.bytes), end }
  }
  if ("split" in mutation) return { chunks: split(chunks, mutation.split), end }
  if ("merge" in mutation) return { chunks: merged(chunks), end }
  throw new TypeError("Cannot mutate: the mutation must be cut, reset, stall, delay, corrupt, split or merge")
}

function ended({ chunks, response, number }: Exchange, offset: number, type: "end" | "error"): Body {
  const [kept] = cutChunks(chunks, offset)
  const at = kept.at(-1)?.at ?? response!.at
  const base = { at, request: number }
  const end = type === "end" ? { ...base, type } : { ...base, type, name: "TypeError", code: "ECONNRESET" }
  return { chunks: kept, end }
}

function delayed({ chunks, end }: Exchange, offset: number, by: number): Body {
  checkNumber("by", by)
  const [before, after] = cutChunks(chunks, offset)
  return {
    chunks: [...before, ...after.map(({ bytes, at, request, type }) => ({ at: at + by, type, request, bytes }))],
    end: end && { ...end, at: end.at + by },
  }
}

function corrupted(chunks: readonly ChunkEntry[], offset: number, given?: string | Uint8Array): ChunkEntry[] {
  const bytes = typeof given === "string" ? new TextEncoder().encode(given) : given
  let start = 0
  return chunks.map((chunk) => {
    const copy = chunk.bytes.slice()
    for (let at = 0; at < copy.length; at++) {
      const place = start + at - offset
      if (bytes === undefined && place === 0) copy[at] = ~copy[at]!
      else if (bytes !== undefined && place >= 0 && place < bytes.length) copy[at] = bytes[place]!
    }
    start += copy.length
    return { ...chunk, bytes: copy }
  })
}

function split(chunks: readonly ChunkEntry[], at: BodyPlace | number): ChunkEntry[] {
  if (typeof at !== "number") return cutChunks(chunks, offsetOf(at, chunks)).flat()
  checkNumber("split", at, 1)
  return chunks.flatMap((chunk) => {
    const pieces: ChunkEntry[] = []
    const size = Math.floor(at)
    for (let from = 0; from < chunk.bytes.length; from += size) {
      pieces.push({ ...chunk, bytes: chunk.bytes.slice(from, from + size) })
    }
    return pieces
  })
}

function merged(chunks: readonly ChunkEntry[]): ChunkEntry[] {
  const last = chunks.at(-1)
  if (last === undefined) return []
  const bytes = new Uint8Array(bodyLength(chunks))
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk.bytes, at)
    at += chunk.bytes.length
  }
  return [{ ...last, bytes }]
}
