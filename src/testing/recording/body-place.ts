/* Places in the body of a recorded response, by bytes or by events. */
import { SseParser } from "../../parser/index.ts"
import type { ChunkEntry } from "./recording.ts"

/** A place in a body: before a byte, or after that many events. Both count from 0. */
export type BodyPlace =
  | {
      /** The number of bytes before the place. */
      readonly byte: number
    }
  | {
      /** The number of events before the place. */
      readonly event: number
    }

/** A chunk and its place among the entries of its recording. */
export interface PlacedChunk extends ChunkEntry {
  readonly place: number
}

/** Returns the number of bytes of a body. */
export function bodyLength(chunks: readonly ChunkEntry[]): number {
  return chunks.reduce((sum, { bytes }) => sum + bytes.length, 0)
}

/**
 * Returns the number of bytes before a place.
 *
 * @param after - How many bytes must follow.
 * @throws TypeError if it is no place, RangeError if it is not in the body.
 */
export function offsetOf(place: BodyPlace, chunks: readonly ChunkEntry[], after: number = 0): number {
  const { byte, event } = (place ?? {}) as Partial<Record<"byte" | "event", number>>
  const isByte = typeof byte === "number"
  if (!isByte && typeof event !== "number") throw new TypeError('Cannot mutate: a place must have "byte" or "event"')
  const offset = isByte ? byte : [0, ...eventEnds(chunks)][event!]
  if (Number.isInteger(offset) && offset! >= 0 && offset! + after <= bodyLength(chunks)) return offset!
  const wanted = `${isByte ? "byte" : "event"} ${Number(byte ?? event)}`
  throw new RangeError(`Cannot mutate: the body must have ${wanted}${after > 0 ? ` and ${after} bytes after it` : ""}`)
}

/** Returns the number of bytes up to the end of each event. */
export function eventEnds(chunks: readonly ChunkEntry[]): number[] {
  const ends: number[] = []
  let offset = 0
  let isAfterReturn = false
  const parser = new SseParser({ onEvent: () => void ends.push(offset) })
  for (const { bytes } of chunks) {
    // The parser is fed line by line, as an event ends with a line.
    for (let start = 0, end = 0; start < bytes.length; start = end) {
      while (end < bytes.length && !isLineEnd(bytes[end++]!));
      offset += end - start
      // The event was dispatched at the carriage return; its end is after the line feed.
      const isRest = isAfterReturn && bytes[start] === LINE_FEED
      if (isRest && ends.at(-1) === offset - 1) ends[ends.length - 1] = offset
      parser.feed(bytes.subarray(start, end))
      isAfterReturn = bytes[end - 1] === CARRIAGE_RETURN
    }
  }
  return ends
}

function isLineEnd(byte: number): boolean {
  return byte === LINE_FEED || byte === CARRIAGE_RETURN
}

const LINE_FEED = 10
const CARRIAGE_RETURN = 13

/** Returns the chunks before and after an offset; a chunk around it is cut in two, which share its bytes. */
export function cutChunks(
  chunks: readonly PlacedChunk[],
  offset: number,
): readonly [before: PlacedChunk[], after: PlacedChunk[]] {
  const before: PlacedChunk[] = []
  const after: PlacedChunk[] = []
  let start = 0
  for (const chunk of chunks) {
    const { bytes } = chunk
    const cut = offset - start
    start += bytes.length
    if (cut >= bytes.length) before.push(chunk)
    else if (cut <= 0) after.push(chunk)
    else {
      before.push({ ...chunk, bytes: bytes.subarray(0, cut) })
      after.push({ ...chunk, bytes: bytes.subarray(cut) })
    }
  }
  return [before, after]
}
