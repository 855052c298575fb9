/* The wire by chunks: every byte in the order of its arrival, with the bytes of an event tied to the event. */
import { segmentsOf } from "./byte-text.ts"
import { shortTime } from "./descriptions.ts"
import type { MarkHandlers } from "./mark-handlers.ts"
import type { Block } from "./blocks.ts"
import type { Lane, Mark, Model } from "./model.ts"
import { type Piece, piecesOf, relationOf } from "./relations.ts"
import { replaceRows, scrollWithin } from "./scrolling.ts"

const MAX_CHUNKS = 2000

export class WireView {
  readonly #root: HTMLElement
  #model: Model | undefined = undefined
  #rows: Map<number, HTMLElement> = new Map()

  constructor(root: HTMLElement, handlers: MarkHandlers) {
    this.#root = root
    root.addEventListener("pointerover", ({ target }) => handlers.onPoint(this.#markOf(target)))
    root.addEventListener("pointerleave", () => handlers.onPoint(undefined))
    root.addEventListener("click", ({ target }) => handlers.onSelect(this.#markOf(target)))
  }

  show(model: Model, isGrowing: boolean): void {
    this.#model = model
    this.#rows = new Map()
    const chunks = model.marks.filter(({ kind }) => kind === "chunk" || kind === "response" || isEnd(kind))
    const rows = chunks.slice(0, MAX_CHUNKS).map((mark) => {
      const row = mark.kind === "chunk" ? chunkRow(mark, model) : noteRow(mark, model)
      this.#rows.set(mark.index, row)
      return row
    })
    replaceRows(this.#root, rows, isGrowing)
    if (chunks.length > MAX_CHUNKS) this.#root.append(`${chunks.length - MAX_CHUNKS} more are not shown.`)
  }

  /** @param scrolls - Whether its bytes are scrolled into view. */
  highlight(mark: Mark | undefined, scrolls: boolean): void {
    for (const element of this.#root.querySelectorAll(".lit")) element.classList.remove("lit")
    const model = this.#model
    if (mark === undefined || model === undefined) return
    const { lane, blocks, chunks } = relationOf(model, mark)
    const lit = model.marks
      .filter(
        (one) => one.index === mark.index || (one.kind === "chunk" && one.lane === lane && chunks.has(one.chunk!)),
      )
      .flatMap(({ index }) => this.#rows.get(index) ?? [])
      .flatMap((row) => (mark.kind === "event" ? piecesIn(row, blocks) : [row]))
    for (const element of lit) element.classList.add("lit")
    if (lit[0] !== undefined && scrolls) scrollWithin(this.#root, lit[0])
  }

  #markOf(target: EventTarget | null): Mark | undefined {
    const element = target instanceof Element ? target.closest<HTMLElement>("[data-mark]") : null
    return element === null ? undefined : this.#model?.marks[Number(element.dataset["mark"])]
  }
}

function isEnd(kind: Mark["kind"]): boolean {
  return kind === "end" || kind === "error" || kind === "cancel"
}

function piecesIn(row: HTMLElement, blocks: ReadonlySet<number>): HTMLElement[] {
  const pieces = [...row.querySelectorAll<HTMLElement>("[data-block]")]
  return pieces.filter(({ dataset }) => blocks.has(Number(dataset["block"])))
}

function noteRow(mark: Mark, model: Model): HTMLElement {
  const row = rowOf(mark, model, mark.name)
  row.classList.add("note")
  row.append(mark.text)
  return row
}

function chunkRow(mark: Mark, model: Model): HTMLElement {
  const { lane: place, chunk } = mark
  const lane = model.lanes[place]!
  const row = rowOf(mark, model, mark.text)
  const bytes = document.createElement("code")
  const events = marksByBlock(model, place)
  const pieces = piecesOf(lane.chunks[chunk!]!, lane.blocks)
  bytes.append(...pieces.map((piece) => pieceOf(piece, lane, events.get(piece.block) ?? mark.index)))
  row.append(bytes)
  return row
}

const eventsOfModels = new WeakMap<Model, Map<number, Map<number, number>>>()

/** Returns the places of a lane's event marks, by the places of their blocks. */
function marksByBlock(model: Model, lane: number): Map<number, number> {
  let lanes = eventsOfModels.get(model)
  if (lanes === undefined) {
    lanes = new Map(model.lanes.map((_, place) => [place, new Map<number, number>()]))
    for (const mark of model.marks) if (mark.kind === "event") lanes.get(mark.lane)!.set(mark.block!, mark.index)
    eventsOfModels.set(model, lanes)
  }
  return lanes.get(lane)!
}

function pieceOf({ block, bytes }: Piece, lane: Lane, mark: number): HTMLElement {
  const element = document.createElement("span")
  element.dataset["mark"] = String(mark)
  element.dataset["block"] = String(block)
  element.className = classOf(lane.blocks[block]!, block)
  for (const { text, kind } of segmentsOf(bytes)) {
    if (kind === "text") {
      element.append(text)
      continue
    }
    const sign = document.createElement(kind === "hex" ? "b" : "i")
    sign.textContent = text
    element.append(sign)
  }
  return element
}

function classOf({ kind }: Block, place: number): string {
  return `piece ${kind} ${place % 2 === 0 ? "even" : "odd"}`
}

function rowOf(mark: Mark, { lanes }: Model, what: string): HTMLElement {
  const row = document.createElement("div")
  row.className = "row"
  row.dataset["mark"] = String(mark.index)
  const head = document.createElement("span")
  head.className = "meta"
  const lane = lanes.length > 1 ? `#${lanes[mark.lane]!.request} ` : ""
  head.textContent = `${lane}${shortTime(mark.at)} · ${what}`
  row.append(head)
  return row
}
