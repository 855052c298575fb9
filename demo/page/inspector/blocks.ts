/* Which bytes of a body are which event. Every byte belongs to exactly one block. */
import { SseParser } from "steadystream"

/** What the bytes of a block are: an event, a block without one, blank lines, a block that never ended, or no event stream. */
export type BlockKind = "event" | "comment" | "control" | "blank" | "incomplete" | "body"

/** A part of a body: in an event stream, a block up to its blank line. */
export interface Block {
  readonly kind: BlockKind
  /** Its first byte, counted from the start of the body. */
  readonly from: number
  /** The byte after its last one. */
  readonly to: number
  /** The chunk with which the parser knew it, from 0. */
  readonly chunk: number
  /** The event type; `""` if it is no event. */
  readonly event: string
  readonly id: string | undefined
  /** The data of the event, or the text of the comment. */
  readonly data: string
}

const LINE_FEED = 10
const CARRIAGE_RETURN = 13

/** Returns the blocks of a body of these chunks, in their order. */
export function blocksOf(chunks: readonly Uint8Array[], isEventStream: boolean): Block[] {
  const body = joined(chunks)
  const chunkAt = chunkFinder(chunks)
  if (body.length === 0) return []
  if (!isEventStream) return [{ ...textOf(body, "body"), from: 0, to: body.length, chunk: chunks.length - 1 }]
  const reader = new BlockReader()
  const ends = endsOf(body)
  const blocks = ends.map(({ at, to }, index) => {
    const from = ends[index - 1]?.to ?? 0
    return { ...reader.read(body.subarray(from, to)), from, to, chunk: chunkAt(at) }
  })
  const from = ends.at(-1)?.to ?? 0
  if (from < body.length) {
    blocks.push({ ...textOf(body.subarray(from), "incomplete"), from, to: body.length, chunk: chunks.length - 1 })
  }
  return blocks
}

type Content = Pick<Block, "kind" | "event" | "id" | "data">

/** Reads one block after the other, with the last event ID of the blocks before. */
class BlockReader {
  readonly #parser: SseParser
  #content: Content | undefined = undefined
  #comments: string[] = []

  constructor() {
    this.#parser = new SseParser({
      maxLineLength: Infinity,
      maxEventSize: Infinity,
      onEvent: ({ event, id, data }) => void (this.#content = { kind: "event", event, id, data }),
      onComment: (text) => void this.#comments.push(text),
    })
  }

  read(bytes: Uint8Array): Content {
    this.#content = undefined
    this.#comments = []
    this.#parser.feed(bytes)
    if (this.#content !== undefined) return this.#content
    if (this.#comments.length > 0) return { kind: "comment", event: "", id: undefined, data: this.#comments.join("\n") }
    const { data } = textOf(bytes, "control")
    return { kind: data === "" ? "blank" : "control", event: "", id: undefined, data }
  }
}

function textOf(bytes: Uint8Array, kind: BlockKind): Content {
  return { kind, event: "", id: undefined, data: new TextDecoder().decode(bytes).trim() }
}

/**
 * Returns the end of each block, and the byte of the blank line at which the parser dispatches: if the line ends with CRLF,
 * this is the CR.
 */
function endsOf(body: Uint8Array): { readonly at: number; readonly to: number }[] {
  const ends: { at: number; to: number }[] = []
  let isLineEmpty = true
  // A byte order mark is no part of the first line.
  const first = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0
  for (let at = first; at < body.length; at++) {
    const byte = body[at]
    if (byte !== LINE_FEED && byte !== CARRIAGE_RETURN) {
      isLineEmpty = false
      continue
    }
    const end = at
    if (byte === CARRIAGE_RETURN && body[at + 1] === LINE_FEED) at++
    if (isLineEmpty) ends.push({ at: end, to: at + 1 })
    isLineEmpty = true
  }
  return ends
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const body = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const chunk of chunks) {
    body.set(chunk, at)
    at += chunk.length
  }
  return body
}

/** Returns a function that returns the chunk of a byte. Calls must ask for bytes in their order. */
function chunkFinder(chunks: readonly Uint8Array[]): (byte: number) => number {
  let index = 0
  let end = chunks[0]?.length ?? 0
  return (byte) => {
    while (byte >= end && index < chunks.length - 1) end += chunks[++index]!.length
    return index
  }
}
