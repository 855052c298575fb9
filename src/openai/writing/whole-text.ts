/** Text that is written piece by piece, but never cut inside a surrogate pair, whose halves alone are U+FFFD as UTF-8. */
export class WholeText {
  #half = ""

  /** Adds a piece; returns the text to write now. The first half of a pair waits for the next piece. */
  add(piece = ""): string {
    const text = this.#half + piece
    const end = /[\uD800-\uDBFF]$/.test(text) ? text.length - 1 : text.length
    this.#half = text.slice(end)
    return text.slice(0, end)
  }

  /** Returns the half that waits, at the end of the text. */
  end(): string {
    const half = this.#half
    this.#half = ""
    return half
  }
}
