/*
 * Law: cuts text into lines, "parsing an event stream" of the specification. What a chunk leaves over waits here: the line
 * whose end has not come, and what is unread because a handler threw. The next line end is looked for once, from the end
 * of the line before.
 * Spec: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
import { isData, skipSpace } from "./field.ts"
import { type Interpreter } from "./interpreter.ts"
import { PendingLine } from "./pending-line.ts"

const LF = 10
const CR = 13
const BYTE_ORDER_MARK = 0xfeff
const NONE = -1

export class LineReader {
  readonly #interpreter: Interpreter
  readonly #maxLineLength: number
  readonly #pending: PendingLine = new PendingLine()
  /** The character that is dropped if the next text begins with it. */
  #dropped = BYTE_ORDER_MARK
  #unread: string | undefined = undefined

  constructor(interpreter: Interpreter, maxLineLength: number) {
    this.#interpreter = interpreter
    this.#maxLineLength = maxLineLength
  }

  /** Whether a line other than a comment has begun. */
  get hasLine(): boolean {
    return this.#pending.length > 0 && !this.#pending.isComment
  }

  /** Reads the lines that end in `chunk`; the rest waits. */
  read(chunk: string): void {
    const text = this.#unread === undefined ? chunk : this.#unread + chunk
    if (text.length === 0) return
    this.#unread = undefined
    let start = 0
    if (this.#dropped !== NONE) {
      if (text.charCodeAt(0) === this.#dropped) start = 1
      this.#dropped = NONE
    }
    this.#readLines(text, start)
  }

  /** Puts text that comes after what is unread behind it. */
  putBack(text: string): void {
    this.#unread = (this.#unread ?? "") + text
  }

  /** Takes the unfinished line as if its end had come. */
  endLine(): void {
    const line = this.#pending.take("")
    if (line !== undefined && line !== "") this.#interpreter.readLine(line, 0, line.length)
  }

  reset(): void {
    this.#pending.reset()
    this.#dropped = BYTE_ORDER_MARK
    this.#unread = undefined
  }

  #readLines(text: string, from: number): void {
    const interpreter = this.#interpreter
    const { epoch } = interpreter
    const { length } = text
    let isPending = this.#pending.length > 0
    let start = from
    // Both are cached: looking up the rarer one again at every line would be quadratic.
    let lf = NONE
    let cr = NONE
    try {
      while (start < length) {
        const lineStart = start
        const first = text.charCodeAt(start)
        if ((first === LF || first === CR) && !isPending) {
          start = first === LF ? start + 1 : this.#skipLineFeed(text, start + 1)
          interpreter.endBlock()
        } else {
          if (lf < start) lf = indexOrEnd(text, "\n", start)
          if (cr < start) cr = indexOrEnd(text, "\r", start)
          const end = lf < cr ? lf : cr
          if (end === length) return this.#pend(text.slice(start))
          start = end === lf ? end + 1 : this.#skipLineFeed(text, end + 1)
          if (end - lineStart > this.#maxLineLength) this.#failLine()
          if (isPending) {
            isPending = false
            this.#endPending(text.slice(lineStart, end))
          } else if (end === lf && start < length && text.charCodeAt(start) === LF && isData(text, lineStart, end)) {
            start++
            interpreter.readLastData(text.slice(skipSpace(text, lineStart + 5, end), end))
          } else interpreter.readLine(text, lineStart, end)
        }
        if (interpreter.epoch !== epoch) return
      }
    } catch (error) {
      if (interpreter.epoch === epoch) this.#unread = text.slice(start)
      throw error
    }
  }

  /** Spec: a CR ends its line at once; an LF that follows belongs to it, here or in the next chunk. */
  #skipLineFeed(text: string, index: number): number {
    if (index < text.length) return text.charCodeAt(index) === LF ? index + 1 : index
    this.#dropped = LF
    return index
  }

  #pend(piece: string): void {
    if (this.#pending.length + piece.length > this.#maxLineLength) this.#failLine()
    this.#pending.append(piece, this.#interpreter)
  }

  #endPending(lastPiece: string): void {
    if (this.#pending.length + lastPiece.length > this.#maxLineLength) this.#failLine()
    const line = this.#pending.take(lastPiece)
    if (line !== undefined) this.#interpreter.readLine(line, 0, line.length)
  }

  #failLine(): never {
    this.#interpreter.fail("maxLineLength", this.#maxLineLength)
  }
}

function indexOrEnd(text: string, search: string, from: number): number {
  const index = text.indexOf(search, from)
  return index === -1 ? text.length : index
}
