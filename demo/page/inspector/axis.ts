/* The time axis of a recording: a lane for its states and one for each request. The arrow keys move along it. */
import { AxisLayout } from "./axis-layout.ts"
import { gridOf, laneOf, stateLanes } from "./axis-lanes.ts"
import { shortTime } from "./descriptions.ts"
import type { Mark, Model } from "./model.ts"
import { type Relation, relationOf } from "./relations.ts"
import { svg } from "./svg.ts"
import type { MarkHandlers } from "./mark-handlers.ts"

const SMALLEST_WIDTH = 280

export class Axis {
  readonly #root: HTMLElement
  readonly #handlers: MarkHandlers
  #model: Model | undefined = undefined
  #layout: AxisLayout | undefined = undefined
  #isShown: (mark: Mark) => boolean = () => true
  #current: Mark | undefined = undefined
  readonly #over: SVGElement = svg("g", {})

  constructor(root: HTMLElement, handlers: MarkHandlers) {
    this.#root = root
    this.#handlers = handlers
    new ResizeObserver(() => this.#resized()).observe(root)
    root.addEventListener("pointermove", (event) => handlers.onPoint(this.#markAt(event)))
    root.addEventListener("pointerleave", () => handlers.onPoint(undefined))
    root.addEventListener("click", (event) => handlers.onSelect(this.#markAt(event)))
    root.addEventListener("keydown", (event) => this.#move(event))
  }

  /** Shows a recording; events that the filter hides are faint. */
  show(model: Model, isShown: (mark: Mark) => boolean): void {
    this.#model = model
    // A mark of the model before is none of this one.
    this.#current = undefined
    this.#isShown = isShown
    this.#draw()
  }

  /** Shows the mark that is selected or pointed at, and what belongs to it. */
  highlight(mark: Mark | undefined): void {
    this.#current = mark
    const [model, layout] = [this.#model, this.#layout]
    this.#over.replaceChildren()
    if (model === undefined || layout === undefined) return
    this.#root.setAttribute("aria-valuenow", String(Math.round(mark?.at ?? 0)))
    this.#root.setAttribute("aria-valuetext", mark === undefined ? "nothing is selected" : sentenceOf(mark, model))
    if (mark === undefined) return
    const x = layout.x(mark.at)
    this.#over.append(svg("line", { class: "cursor", x1: x, x2: x, y1: 0, y2: layout.height - 20 }))
    this.#over.append(...ringsOf(mark, relationOf(model, mark), model, layout))
  }

  #draw(): void {
    const model = this.#model
    if (model === undefined) return
    const layout = new AxisLayout(model, Math.max(this.#root.clientWidth, SMALLEST_WIDTH))
    this.#layout = layout
    const { width, height } = layout
    const picture = svg(
      "svg",
      { viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true" },
      gridOf(layout),
      ...(layout.statesHeight === 0 ? [] : [stateLanes(model, layout)]),
      ...model.lanes.map((lane, place) => laneOf(lane, place, model, layout)),
      this.#over,
    )
    for (const dot of picture.querySelectorAll("[data-mark]")) {
      const mark = model.marks[Number(dot.getAttribute("data-mark"))]!
      dot.classList.toggle("faint", !this.#isShown(mark))
    }
    this.#root.replaceChildren(picture)
    this.#root.setAttribute("aria-valuemax", String(Math.max(1, Math.round(model.duration))))
    this.highlight(this.#current)
  }

  #resized(): void {
    if (this.#layout !== undefined && this.#root.clientWidth !== this.#layout.width) this.#draw()
  }

  #markAt({ clientX, clientY }: MouseEvent): Mark | undefined {
    const box = this.#root.firstElementChild?.getBoundingClientRect()
    return box && this.#layout?.markAt(clientX - box.left, clientY - box.top)
  }

  #move(event: KeyboardEvent): void {
    const marks = this.#model?.marks.filter((mark) => mark.kind !== "event" || this.#isShown(mark)) ?? []
    const target = targetOf(event.key, marks, this.#current)
    if (target === undefined) return
    event.preventDefault()
    this.#handlers.onSelect(target)
  }
}

/** Returns the mark that a key moves to; `undefined` if it is no such key. */
function targetOf(key: string, marks: readonly Mark[], current: Mark | undefined): Mark | undefined {
  const place = current === undefined ? -1 : marks.indexOf(current)
  const last = marks.length - 1
  if (key === "ArrowRight") return marks[Math.min(place + 1, last)]
  if (key === "ArrowLeft") return marks[Math.max(place - 1, 0)]
  if (key === "Home") return marks[0]
  if (key === "End") return marks[last]
  const step = { ArrowUp: -1, ArrowDown: 1 }[key]
  if (step === undefined) return undefined
  const lanes = [...new Set(marks.map(({ lane }) => lane))].toSorted((one, other) => one - other)
  const lane = lanes[Math.min(Math.max(lanes.indexOf(current?.lane ?? -1) + step, 0), lanes.length - 1)]
  const at = current?.at ?? 0
  const inLane = marks.filter((mark) => mark.lane === lane)
  return inLane.toSorted((one, other) => Math.abs(one.at - at) - Math.abs(other.at - at))[0]
}

function sentenceOf({ index, at, lane, name, text }: Mark, { marks, lanes }: Model): string {
  const where = lane < 0 ? "" : `, ${lanes[lane]!.title}`
  return `${index + 1} of ${marks.length}, ${shortTime(at)}${where}: ${name} ${text.slice(0, 100)}`
}

/** Returns a frame around each chunk and event that belongs to the mark. */
function ringsOf(mark: Mark, { lane, blocks, chunks }: Relation, model: Model, layout: AxisLayout): SVGElement[] {
  if (lane < 0) return []
  const top = layout.top(lane)
  const own = model.marks.filter((one) => one.lane === lane)
  const isRelated = ({ kind, block, chunk }: Mark) =>
    kind === "chunk" ? chunks.has(chunk!) : kind === "event" && blocks.has(block!)
  return own.filter(isRelated).map(({ kind, at, index }) => {
    const place = index === mark.index ? "ring chosen" : "ring"
    const x = layout.x(at)
    if (kind === "event") return svg("circle", { cx: x, cy: top + 31, r: 6.5, class: place })
    return svg("rect", { x: x - 4, y: top + 37, width: 8, height: 17, rx: 3, class: place })
  })
}
