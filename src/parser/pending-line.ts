/*
 * Law: a line whose end has not come. Its pieces are only joined, never searched again, and a line that nobody wants is
 * counted but not kept, however long it gets.
 */
import { FIELD_START_LENGTH, isKnownField } from "./field.ts"

const COLON = 58

export class PendingLine {
  /** Characters so far. */
  length = 0
  #text = ""
  #fate: "open" | "kept" | "dropped" = "open"

  get isComment(): boolean {
    return this.#text.charCodeAt(0) === COLON
  }

  /** Adds a piece. What the line is of is looked at once, as soon as that can be told. */
  append(piece: string, wants: { readonly wantsComments: boolean; readonly wantsUnknownLines: boolean }): void {
    this.length += piece.length
    if (this.#fate === "dropped") return
    this.#text += piece
    if (this.#fate === "kept" || this.length < FIELD_START_LENGTH) return
    const wanted = this.isComment ? wants.wantsComments : wants.wantsUnknownLines || isKnownField(this.#text)
    this.#fate = wanted ? "kept" : "dropped"
    if (!wanted) this.#text = this.#text.slice(0, 1)
  }

  /** The line with its last piece, or `undefined` where nobody wants it; the next line can begin. */
  take(lastPiece: string): string | undefined {
    const line = this.#fate === "dropped" ? undefined : this.#text + lastPiece
    this.reset()
    return line
  }

  reset(): void {
    this.length = 0
    this.#text = ""
    this.#fate = "open"
  }
}
