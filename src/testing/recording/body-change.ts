/* The changes of a recorded body. Bytes that stay are shared with the recording, which is not changed. */
import { checkNumber } from "../../internal/option-checks.ts"
import { type BodyPlace, bodyLength, cutChunks, offsetOf, type PlacedChunk } from "./body-place.ts"
import type { Exchange } from "./exchange.ts"
import type { Mutation } from "./mutation.ts"

export type End = NonNullable<Exchange["end"]>

/** A body whose entries know their places among those of their recording. */
export interface Body {
  readonly chunks: readonly PlacedChunk[]
  readonly end: (End & { readonly place: number }) | undefined
}

/**
 * Returns a body with one change.
 *
 * @throws TypeError if the mutation is none, RangeError if its place is not in the body.
 */
export function mutated(exchange: Exchange, body: Body, mutation: Mutation): Body {
  checkKind(mutation)
  const { chunks, end } = body
  if ("cut" in mutation) return ended(exchange, body, offsetOf(mutation.cut, chunks), "end")
  if ("reset" in mutation) return ended(exchange, body, offsetOf(mutation.reset, chunks), "error")
  if ("stall" in mutation) return { chunks: cutChunks(chunks, offsetOf(mutation.stall, chunks))[0], end: undefined }
  if ("delay" in mutation) return delayed(body, offsetOf(mutation.delay, chunks), mutation.by)
  if ("corrupt" in mutation) return { chunks: corrupted(chunks, mutation.corrupt, mutation.bytes), end }
  if ("split" in mutation) return { chunks: split(chunks, mutation.split), end }
  return { chunks: merged(chunks), end }
}

const MUTATIONS = ["cut", "reset", "stall", "delay", "corrupt", "split", "merge"]

function checkKind(mutation: unknown): void {
  const names = typeof mutation === "object" && mutation !== null ? MUTATIONS.filter((name) => name in mutation) : []
  if (names.length === 1 && (names[0] !== "merge" || (mutation as { readonly merge: unknown }).merge === true)) return
  throw new TypeError(`Cannot mutate: the mutation must have one of ${MUTATIONS.join(", ")}`)
}

function ended({ response, number }: Exchange, { chunks, end }: Body, offset: number, type: "end" | "error"): Body {
  const [kept] = cutChunks(chunks, offset)
  const last = kept.at(-1)
  const base = {
    at: last?.at ?? response!.at,
    request: number,
    place: last?.place ?? chunks[0]?.place ?? end?.place ?? 0,
  }
  const isEnd = type === "end"
  return { chunks: kept, end: isEnd ? { ...base, type } : { ...base, type, name: "TypeError", code: "ECONNRESET" } }
}

function delayed({ chunks, end }: Body, offset: number, by: number): Body {
  if (checkNumber("by", by) === Infinity) throw new RangeError('Cannot mutate: "by" must be finite; use stall')
  const [before, after] = cutChunks(chunks, offset)
  return {
    chunks: [...before, ...after.map((chunk) => later(chunk, by))],
    end: end && { ...end, at: end.at + by },
  }
}

function later({ at, type, request, bytes, place }: PlacedChunk, by: number): PlacedChunk {
  return { at: at + by, type, request, bytes, place }
}

function corrupted(
  chunks: readonly PlacedChunk[],
  place: BodyPlace,
  given: string | Uint8Array | undefined,
): PlacedChunk[] {
  if (given !== undefined && typeof given !== "string" && !(given instanceof Uint8Array)) {
    throw new TypeError('Cannot mutate: "bytes" must be a string or bytes')
  }
  const bytes = typeof given === "string" ? new TextEncoder().encode(given) : given
  const count = bytes?.length ?? 1
  const offset = offsetOf(place, chunks, count)
  let start = -offset
  return chunks.map((chunk) => {
    const from = start
    start += chunk.bytes.length
    if (start <= 0 || from >= count) return chunk
    return { ...chunk, bytes: chunk.bytes.map((byte, at) => changed(byte, bytes, from + at)) }
  })
}

function changed(byte: number, bytes: Uint8Array | undefined, at: number): number {
  if (bytes === undefined) return at === 0 ? 0xff - byte : byte
  return bytes[at] ?? byte
}

function split(chunks: readonly PlacedChunk[], at: BodyPlace | number): PlacedChunk[] {
  if (typeof at !== "number") return cutChunks(chunks, offsetOf(at, chunks)).flat()
  const size = checkNumber("split", at, 1)
  if (size % 1 > 0) throw new RangeError('Cannot mutate: "split" must be an integer')
  return chunks.flatMap((chunk) => {
    const pieces: PlacedChunk[] = []
    for (let from = 0; from < chunk.bytes.length; from += size) {
      pieces.push({ ...chunk, bytes: chunk.bytes.subarray(from, from + size) })
    }
    return pieces
  })
}

function merged(chunks: readonly PlacedChunk[]): PlacedChunk[] {
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
