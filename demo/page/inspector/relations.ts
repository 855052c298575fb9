/* What belongs together in a model: bytes, chunks and events. */
import type { Block } from "./blocks.ts"
import type { Chunk, Lane, Mark, Model } from "./model.ts"

/** A time without a byte. */
export interface Gap {
  readonly from: number
  readonly to: number
}

/** Returns the times without a byte that take at least this part of the recording. */
export function gapsOf({ start, end, head, chunks }: Lane, duration: number, part = 0.08): Gap[] {
  const times = [start, ...(head === undefined ? [] : [head]), ...chunks.map(({ at }) => at), end]
  return times
    .slice(1)
    .map((to, index) => ({ from: times[index]!, to }))
    .filter(({ from, to }) => to - from >= duration * part && to > from)
}

/** The bytes of one chunk that belong to one block. */
export interface Piece {
  readonly block: number
  readonly bytes: Uint8Array
}

/** Returns the pieces of a chunk, by the blocks that its bytes belong to. */
export function piecesOf({ from, bytes }: Chunk, blocks: readonly Block[]): Piece[] {
  const to = from + bytes.length
  const first = blocks.findIndex((block) => block.to > from)
  const pieces: Piece[] = []
  for (let block = first; block >= 0 && block < blocks.length && blocks[block]!.from < to; block++) {
    const { from: begin, to: end } = blocks[block]!
    pieces.push({ block, bytes: bytes.subarray(Math.max(begin - from, 0), Math.min(end, to) - from) })
  }
  return pieces
}

/** Returns the places of the chunks that hold a block. */
export function chunksOf({ chunks, blocks }: Lane, block: number): number[] {
  const { from, to } = blocks[block]!
  return chunks.flatMap((chunk, place) => {
    const end = chunk.from + chunk.bytes.length
    return chunk.from < to && end > from ? [place] : []
  })
}

/** The blocks and chunks of one lane that a mark is about. */
export interface Relation {
  readonly lane: number
  readonly blocks: ReadonlySet<number>
  readonly chunks: ReadonlySet<number>
}

/** Returns what a mark is about: an event and the chunks that hold it, or a chunk and the blocks that it holds. */
export function relationOf({ lanes }: Model, { lane, block, chunk }: Mark): Relation {
  const { [lane]: own } = lanes
  if (own === undefined || chunk === undefined) return { lane, blocks: new Set(), chunks: new Set() }
  if (block !== undefined) return { lane, blocks: new Set([block]), chunks: new Set(chunksOf(own, block)) }
  const blocks = piecesOf(own.chunks[chunk]!, own.blocks).map((piece) => piece.block)
  return { lane, blocks: new Set(blocks), chunks: new Set([chunk]) }
}
