/* Turns an answer into the bytes on the wire, and cuts them. */
import { checkOptions, type OptionKinds } from "../internal/option-checks.ts"
import { nodeZlib } from "./node-shapes.ts"

/** The answer of the fault server to one request. Each connection takes one request. */
export interface FaultAnswer {
  /**
   * The status. With 204 and 304, and for the method HEAD, the answer has a head only.
   * @defaultValue `200`
   */
  readonly status?: number | undefined
  /**
   * The headers; a header that is `undefined` is not sent.
   * @defaultValue `{ "content-type": "text/event-stream" }`
   */
  readonly headers?: Readonly<Record<string, string | undefined>> | undefined
  /** The body, in pieces that are sent one by one. */
  readonly body?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined
  /** A text that is repeated without end after the body, as fast as the client reads. */
  readonly endless?: string | undefined
  /**
   * The framing of the body: HTTP chunks, its length, or the end of the connection.
   * @defaultValue `"chunked"`
   */
  readonly framing?: "chunked" | "length" | "close" | undefined
  /**
   * Whether the body is compressed.
   * @defaultValue `false`
   */
  readonly gzip?: boolean | undefined
  /** The number of bytes of the response, with head and framing, after which `end` happens instead of the rest. */
  readonly cutAt?: number | undefined
  /**
   * The end after the last byte: the complete end of a response, FIN without it, RST, or none.
   * @defaultValue `"complete"`, or `"fin"` if `cutAt` is set
   */
  readonly end?: "complete" | "fin" | "reset" | "stall" | undefined
  /**
   * The time before each piece, in milliseconds. The first piece is the head. A list has one time for each piece, and a last
   * one for the end.
   */
  readonly pieceDelay?: number | readonly number[] | undefined
}

const ANSWER_KINDS: OptionKinds<FaultAnswer> = {
  status: "a number",
  headers: "an object",
  body: true,
  endless: "a string",
  framing: '"chunked", "length" or "close"',
  gzip: "a boolean",
  cutAt: "a number",
  end: '"complete", "fin", "reset" or "stall"',
  pieceDelay: "a number or an object",
}

/** @throws TypeError if a member of an answer is not known or has another type. */
export function checkAnswer(answer: FaultAnswer): void {
  checkOptions(answer, ANSWER_KINDS)
}

/** An answer as bytes. */
export interface WireAnswer {
  readonly pieces: readonly Uint8Array[]
  /** The bytes to repeat if the answer is endless. */
  readonly repeated: Uint8Array | undefined
  readonly end: "fin" | "reset" | "stall"
}

const encoder = () => new TextEncoder()

/** Statuses after which HTTP allows no body. Spec: https://www.rfc-editor.org/rfc/rfc9112#section-6.3 */
const BODILESS: ReadonlySet<number> = new Set([204, 304])

/** Returns the bytes of `answer` to a request with `method`. */
export async function wireOf(answer: FaultAnswer, method: string): Promise<WireAnswer> {
  const { status = 200 } = answer
  const whole = await bodyOf(answer)
  const hasBody = method !== "HEAD" && !BODILESS.has(status)
  const body = hasBody ? whole : []
  const endless = hasBody ? answer.endless : undefined
  const framing = answer.framing ?? "chunked"
  const frame = (piece: Uint8Array) => (framing === "chunked" ? chunkOf(piece) : piece)
  const pieces = [headOf(answer, framing, whole), ...body.map(frame)]
  if (hasBody && isWhole(answer) && framing === "chunked" && endless === undefined)
    pieces.push(encoder().encode("0\r\n\r\n"))
  const repeated = endless === undefined ? undefined : frame(encoder().encode(filled(endless)))
  const end = answer.end === undefined || answer.end === "complete" ? "fin" : answer.end
  if (answer.cutAt === undefined) return { pieces, repeated, end }
  return { pieces: cut(pieces, answer.cutAt), repeated: undefined, end }
}

/** Whether the response ends as HTTP requires. */
function isWhole(answer: FaultAnswer): boolean {
  return (answer.end ?? (answer.cutAt === undefined ? "complete" : "fin")) === "complete"
}

async function bodyOf(answer: FaultAnswer): Promise<Uint8Array[]> {
  const given = answer.body ?? []
  const pieces = (typeof given === "string" || given instanceof Uint8Array ? [given] : given).map((piece) =>
    typeof piece === "string" ? encoder().encode(piece) : piece,
  )
  if (answer.gzip !== true) return pieces.filter((piece) => piece.length > 0)
  const zlib = nodeZlib()
  return [zlib.gzipSync(joined(pieces))]
}

function headOf(answer: FaultAnswer, framing: string, body: readonly Uint8Array[]): Uint8Array {
  const headers: Record<string, string | undefined> = {
    "content-type": "text/event-stream",
    date: new Date().toUTCString(),
    // Only if the response is whole: with this header, Node's fetch takes a cut for the end.
    ...(isWhole(answer) ? { connection: "close" } : {}),
    ...(answer.gzip === true ? { "content-encoding": "gzip" } : {}),
    ...answer.headers,
  }
  const status = answer.status ?? 200
  if (status !== 204 && framing === "chunked") headers["transfer-encoding"] = "chunked"
  if (status !== 204 && framing === "length") headers["content-length"] ??= String(joined(body).length)
  const lines = Object.entries(headers).map(([name, value]) => (value === undefined ? "" : `${name}: ${value}\r\n`))
  return latin1(`HTTP/1.1 ${status} Scripted\r\n${lines.join("")}\r\n`)
}

/** The least number of characters of an endless body that are sent at once. */
const ENDLESS_PIECE = 16_384

function filled(text: string): string {
  return text.repeat(Math.max(1, Math.ceil(ENDLESS_PIECE / Math.max(1, text.length))))
}

function chunkOf(piece: Uint8Array): Uint8Array {
  return joined([latin1(`${piece.length.toString(16)}\r\n`), piece, latin1("\r\n")])
}

function cut(pieces: readonly Uint8Array[], at: number): Uint8Array[] {
  let room = at
  const kept: Uint8Array[] = []
  for (const piece of pieces) {
    if (room <= 0) break
    kept.push(piece.subarray(0, room))
    room -= piece.length
  }
  return kept
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0))
}
