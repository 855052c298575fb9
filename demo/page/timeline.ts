import type { ShownState } from "./dom.ts"

const WINDOW_MS = 20_000
/** At most three pixels per step, which looks smooth and takes a third of the work of drawing every frame. */
const DRAW_EVERY_MS = 50
/** The drawn length of the end, so that it is visible. */
const END_MS = 800
/** The shortest span that has room for its label. */
const MIN_LABELLED_PX = 52

interface Span {
  readonly state: ShownState
  readonly from: number
  readonly element: HTMLElement
  to: number
}

/** Shows the states of a connection over the last 20 seconds as a band, which moves until it is stopped. */
export class Timeline {
  readonly #lane: HTMLElement
  #spans: Span[] = []
  #stoppedAt: number | undefined = 0
  #timer: ReturnType<typeof setInterval> | undefined = undefined

  constructor(lane: HTMLElement) {
    this.#lane = lane
  }

  /** Starts a span that lasts until the next one. */
  add(state: ShownState, label = ""): void {
    const now = performance.now()
    this.#endSpan(now)
    if (this.#stoppedAt !== undefined) this.#shift(now)
    const element = document.createElement("span")
    element.dataset["state"] = state
    element.title = label || state
    element.textContent = label
    this.#lane.append(element)
    this.#spans.push({ state, from: now, to: Infinity, element })
    this.#timer ??= setInterval(() => this.#place(performance.now()), DRAW_EVERY_MS)
  }

  /** Marks the end and stops the band. */
  stop(state: ShownState): void {
    this.add(state)
    const end = performance.now() + END_MS
    this.#endSpan(end)
    this.#stoppedAt = end
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#place(end)
  }

  #endSpan(now: number): void {
    const last = this.#spans.at(-1)
    if (last !== undefined && last.to === Infinity) last.to = now
  }

  /** Moves the spans before a pause next to the spans after it. */
  #shift(now: number): void {
    const pause = now - this.#stoppedAt!
    this.#spans = this.#spans.map((span) => ({ ...span, from: span.from + pause, to: span.to + pause }))
    this.#stoppedAt = undefined
  }

  #place(now: number): void {
    const start = now - WINDOW_MS
    const pxPerMs = this.#lane.clientWidth / WINDOW_MS
    for (const span of this.#spans.filter(({ to }) => to < start)) span.element.remove()
    this.#spans = this.#spans.filter(({ to }) => to >= start)
    for (const { from, to, element } of this.#spans) {
      const left = Math.max(from, start)
      element.style.left = `${((left - start) / WINDOW_MS) * 100}%`
      const length = Math.min(to, now) - left
      element.style.width = `${(length / WINDOW_MS) * 100}%`
      element.classList.toggle("narrow", length * pxPerMs < MIN_LABELLED_PX)
    }
  }
}
