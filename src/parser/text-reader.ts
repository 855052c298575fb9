/*
 * Law: makes whole lines of chunks that were cut anywhere, "parsing an event stream" of the specification. What a chunk
 * leaves over waits here: the line whose end has not come, and what is unread because a handler threw.
 * Spec: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
import { Interpreter } from "./interpreter.ts"
import { findLineEnd, LF } from "./line-end.ts"
import { PendingLine } from "./pending-line.ts"

const BYTE_ORDER_MARK = 0xfeff
const NONE = -1

export class TextReader extends Interpreter {
  readonly #pending: PendingLine = new PendingLine()
  #unread: string | undefined = undefined
  /** The character that is dropped if the next text begins with it. */
  #dropped = BYTE_ORDER_MARK
  /** Whether the next text continues something. */
  #isCut = true

  /** Whether a line other than a comment has begun. */
  get hasLine(): boolean {
    return this.#pending.length > 0 && !this.#pending.isComment
  }

  /** Reads the lines that end in `text`; the rest waits. */
  read(text: string): void {
    if (this.#isCut) this.#readOn(text)
    else this.readLines(text, 0)
  }

  /** Reads the unfinished line as if its end had come. */
  endLine(): void {
    const line = this.#pending.length > 0 ? this.#pending.take("\n") : undefined
    if (line !== undefined) this.readLines(line, 0)
  }

  override reset(): void {
    super.reset()
    this.#pending.reset()
    this.#unread = undefined
    this.#dropped = BYTE_ORDER_MARK
    this.#isCut = true
  }

  override keepUnread(text: string): void {
    this.#unread = (this.#unread ?? "") + text
    this.#isCut = true
  }

  protected override keepLine(piece: string): void {
    this.checkLineLength(this.#pending.length + piece.length)
    this.#pending.append(piece, this)
    this.#isCut = true
  }

  /** Spec: a CR ends its line at once; an LF that follows belongs to it, here or in the next text. */
  protected override afterReturn(text: string, index: number): number {
    if (index < text.length) return text.charCodeAt(index) === LF ? index + 1 : index
    this.#dropped = LF
    this.#isCut = true
    return index
  }

  #readOn(chunk: string): void {
    const text = this.#unread === undefined ? chunk : this.#unread + chunk
    if (text.length === 0) return
    const start = text.charCodeAt(0) === this.#dropped ? 1 : 0
    this.#unread = undefined
    this.#dropped = NONE
    this.#isCut = false
    if (this.#pending.length > 0) this.#readPending(text, start)
    else this.readLines(text, start)
  }

  #readPending(text: string, start: number): void {
    const end = findLineEnd(text, start)
    if (end === text.length) return this.keepLine(text.slice(start))
    this.checkLineLength(this.#pending.length + end - start)
    const { epoch } = this
    const isLineFeed = text.charCodeAt(end) === LF
    const next = isLineFeed ? end + 1 : this.afterReturn(text, end + 1)
    const line = this.#pending.take(isLineFeed ? text.slice(start, next) : `${text.slice(start, end)}\n`)
    try {
      if (line !== undefined) this.readLines(line, 0)
    } catch (error) {
      if (this.epoch === epoch) this.keepUnread(text.slice(next))
      throw error
    }
    if (this.epoch === epoch) this.readLines(text, next)
  }
}
