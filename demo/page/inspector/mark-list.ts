/* The list of events, attempts and states in the order of their times. The arrow keys move along it. */
import { shortTime } from "./descriptions.ts"
import type { MarkHandlers } from "./mark-handlers.ts"
import type { Mark, Model } from "./model.ts"
import { relationOf } from "./relations.ts"
import { replaceRows, scrollWithin } from "./scrolling.ts"

/** The most marks that are shown. */
export const MAX_ROWS = 2000

export class MarkList {
  readonly #root: HTMLElement
  readonly #empty: HTMLElement
  readonly #handlers: MarkHandlers
  #model: Model | undefined = undefined
  #shown: readonly Mark[] = []
  #current: Mark | undefined = undefined

  constructor(root: HTMLElement, empty: HTMLElement, handlers: MarkHandlers) {
    this.#root = root
    this.#empty = empty
    this.#handlers = handlers
    root.addEventListener("pointerover", ({ target }) => handlers.onPoint(this.#markOf(target)))
    root.addEventListener("pointerleave", () => handlers.onPoint(undefined))
    root.addEventListener("click", ({ target }) => handlers.onSelect(this.#markOf(target)))
    root.addEventListener("keydown", (event) => this.#move(event))
    root.addEventListener("focus", () => {
      if (this.#current === undefined) handlers.onSelect(this.#shown[0])
    })
  }

  /** Shows the first marks that pass the filter, and returns how many pass. */
  show(model: Model, isShown: (mark: Mark) => boolean, isGrowing: boolean): number {
    this.#model = model
    const matching = model.marks.filter((mark) => mark.kind !== "chunk" && isShown(mark))
    this.#shown = matching.slice(0, MAX_ROWS)
    const rows = this.#shown.map((mark) => rowOf(mark, model))
    replaceRows(this.#root, rows, isGrowing)
    // A list without options is none for a screen reader.
    this.#root.hidden = this.#shown.length === 0
    this.#empty.hidden = this.#shown.length > 0
    return matching.length
  }

  /**
   * @param selected - The mark that is selected, also while the user points at another one.
   * @param scrolls - Whether its row is scrolled into view.
   */
  highlight(mark: Mark | undefined, selected: Mark | undefined, scrolls: boolean): void {
    this.#current = selected
    for (const element of this.#root.querySelectorAll(".lit")) element.classList.remove("lit")
    for (const element of this.#root.querySelectorAll('[aria-selected="true"]')) element.ariaSelected = "false"
    this.#root.removeAttribute("aria-activedescendant")
    if (mark === undefined || this.#model === undefined) return
    const { lane, blocks } = relationOf(this.#model, mark)
    const isLit = (one: Mark) => one.index === mark.index || (one.lane === lane && blocks.has(one.block ?? -1))
    const rows = this.#shown.filter(isLit).flatMap(({ index }) => this.#rowOf(index) ?? [])
    for (const row of rows) row.classList.add("lit")
    if (rows[0] !== undefined && scrolls) scrollWithin(this.#root, rows[0])
    const own = this.#rowOf(this.#current?.index)
    if (own === undefined) return
    own.ariaSelected = "true"
    this.#root.setAttribute("aria-activedescendant", own.id)
  }

  #rowOf(index: number | undefined): HTMLElement | undefined {
    const row = index === undefined ? null : document.querySelector<HTMLElement>(`#${idOf(index)}`)
    return row ?? undefined
  }

  #markOf(target: EventTarget | null): Mark | undefined {
    const element = target instanceof Element ? target.closest<HTMLElement>("[data-mark]") : null
    return element === null ? undefined : this.#model?.marks[Number(element.dataset["mark"])]
  }

  #move(event: KeyboardEvent): void {
    const last = this.#shown.length - 1
    const place = this.#shown.findIndex(({ index }) => index === this.#current?.index)
    const target = { ArrowDown: Math.min(place + 1, last), ArrowUp: Math.max(place - 1, 0), Home: 0, End: last }[
      event.key
    ]
    if (target === undefined) return
    event.preventDefault()
    this.#handlers.onSelect(this.#shown[target])
  }
}

function idOf(index: number): string {
  return `inspector-mark-${index}`
}

function rowOf(mark: Mark, { lanes }: Model): HTMLElement {
  const row = document.createElement("div")
  row.id = idOf(mark.index)
  row.className = mark.isError ? "row bad" : mark.kind === "event" ? "row" : "row note"
  row.setAttribute("role", "option")
  row.ariaSelected = "false"
  row.dataset["mark"] = String(mark.index)
  const lane = lanes.length > 1 && mark.lane >= 0 ? `#${lanes[mark.lane]!.request} ` : ""
  for (const [name, text] of [
    ["time", `${lane}${shortTime(mark.at)}`],
    ["name", mark.name],
    ["text", mark.text],
  ] as const) {
    const cell = document.createElement("span")
    cell.className = name
    cell.textContent = text
    row.append(cell)
  }
  return row
}
