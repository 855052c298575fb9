import { find } from "./dom.ts"

/** The ends of the log, as the server reports them: every event after `first` up to `last` is kept. */
export interface LogEnds {
  readonly first: string
  readonly last: string
}

/** What is shown of the events between two positions of a reader. */
export type SpanKind = "replayed" | "gap"

/** The number of cells: the events that are kept, and about as many that are gone. */
const CELLS = 24

/** Returns the number of an event from its cursor, `<epoch>-<sequence>`; 0 is before the first event. */
export function numberOf(cursor: string): number {
  return Number(cursor.slice(cursor.lastIndexOf("-") + 1))
}

/** Draws the newest events of a log as a row of cells, and below it the position of each reader. */
export class ChannelLog {
  readonly #root: HTMLElement
  readonly #cells: readonly HTMLElement[]
  readonly #positions: Map<string, number> = new Map()
  readonly #spans: Map<HTMLElement, { readonly from: number; readonly to: number }> = new Map()
  #ends: LogEnds = { first: "-0", last: "-0" }

  constructor(root: HTMLElement) {
    this.#root = root
    this.#cells = Array.from({ length: CELLS }, () => document.createElement("span"))
    find(root, ".cells").append(...this.#cells)
    this.#draw()
  }

  get first(): number {
    return numberOf(this.#ends.first)
  }

  get last(): number {
    return numberOf(this.#ends.last)
  }

  /** Shows the ends of the log. Older ends of the same log are ignored, because answers may overtake each other. */
  update(ends: LogEnds): void {
    const isSameLog = epochOf(ends.last) === epochOf(this.#ends.last)
    if (isSameLog && numberOf(ends.last) < this.last) return
    this.#ends = ends
    this.#draw()
  }

  /** Shows that a reader has taken everything up to `position`. */
  place(reader: string, position: number): void {
    this.#positions.set(reader, position)
    this.#draw()
  }

  /** Shows that the events after `from` up to `to` were replayed or are missing, instead of the span of this kind. */
  span(reader: string, kind: SpanKind, from: number, to: number): void {
    const track = this.#track(reader)
    const known = track.querySelector<HTMLElement>(`[data-kind="${kind}"]`)
    const element = known ?? document.createElement("i")
    element.dataset["kind"] = kind
    if (known === null) track.prepend(element)
    this.#spans.set(element, { from, to })
    this.#draw()
  }

  clearSpans(): void {
    for (const element of this.#spans.keys()) element.remove()
    this.#spans.clear()
  }

  #track(reader: string): HTMLElement {
    return find(this.#root, `.track[data-reader="${reader}"]`)
  }

  /** The position before the first cell. */
  get #start(): number {
    return Math.max(0, this.last - CELLS)
  }

  #draw(): void {
    for (const [index, cell] of this.#cells.entries()) {
      const number = this.#start + index + 1
      const state = number > this.last ? "none" : number > this.first ? "kept" : "gone"
      cell.dataset["event"] = state
      cell.dataset["number"] = state === "none" ? "" : String(number)
      cell.textContent = cell.dataset["number"]
      cell.classList.toggle("fifth", number % 5 === 0)
    }
    for (const [reader, position] of this.#positions) this.#drawMark(this.#track(reader), position)
    for (const [element, { from, to }] of this.#spans) {
      element.style.left = percent(this.#fraction(from))
      element.style.width = percent(this.#fraction(to) - this.#fraction(from))
      element.hidden = this.#fraction(to) === 0
    }
    this.#root.setAttribute("aria-label", this.#description())
  }

  /** Draws a mark in the middle of the cell of its event, or at the edge if the event is older than the first cell. */
  #drawMark(track: HTMLElement, position: number): void {
    const mark = find(track, "b")
    const isOlder = position <= this.#start
    mark.hidden = false
    if (isOlder && position > 0) mark.dataset["older"] = `‹ at ${position}`
    else delete mark.dataset["older"]
    mark.style.left = percent(isOlder ? 0 : this.#fraction(position) - 0.5 / CELLS)
  }

  #fraction(position: number): number {
    return Math.min(1, Math.max(0, (position - this.#start) / CELLS))
  }

  #description(): string {
    const kept = this.last === this.first ? "The log is empty" : `The log keeps ${this.first + 1} to ${this.last}`
    const places = [...this.#positions].map(([reader, position]) => `reader ${reader.toUpperCase()} is at ${position}`)
    return [kept, ...places].join(", ")
  }
}

function epochOf(cursor: string): string {
  return cursor.slice(0, cursor.lastIndexOf("-"))
}

function percent(fraction: number): string {
  return `${fraction * 100}%`
}
