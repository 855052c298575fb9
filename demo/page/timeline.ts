import type { ShownState } from "./dom.ts"

const WINDOW_MS = 20_000
/** A label on a shorter span would be cut. */
const MIN_LABELLED_MS = 900

interface Span {
  readonly state: ShownState
  readonly from: number
  readonly element: HTMLElement
  to: number
}

/** The states of a connection over the last 20 seconds, as a band that moves until it is stopped. */
export class Timeline {
  readonly #lane: HTMLElement
  #spans: Span[] = []
  #stoppedAt: number | undefined = 0
  #frame: number | undefined = undefined

  constructor(lane: HTMLElement) {
    this.#lane = lane
  }

  /** Begins a span that lasts until the next one. */
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
    this.#frame ??= requestAnimationFrame(this.#draw)
  }

  /** Marks the end and holds the band still. */
  stop(state: ShownState): void {
    this.add(state)
    const now = performance.now()
    this.#endSpan(now)
    this.#stoppedAt = now
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame)
    this.#frame = undefined
    this.#place(now)
  }

  #endSpan(now: number): void {
    const last = this.#spans.at(-1)
    if (last !== undefined && last.to === Infinity) last.to = now
  }

  /** Joins what was drawn before a pause to what comes after it. */
  #shift(now: number): void {
    const pause = now - this.#stoppedAt!
    this.#spans = this.#spans.map((span) => ({ ...span, from: span.from + pause, to: span.to + pause }))
    this.#stoppedAt = undefined
  }

  readonly #draw = (): void => {
    this.#place(performance.now())
    this.#frame = requestAnimationFrame(this.#draw)
  }

  #place(now: number): void {
    const start = now - WINDOW_MS
    for (const span of this.#spans.filter(({ to }) => to < start)) span.element.remove()
    this.#spans = this.#spans.filter(({ to }) => to >= start)
    for (const { from, to, element } of this.#spans) {
      const left = Math.max(from, start)
      element.style.left = `${((left - start) / WINDOW_MS) * 100}%`
      const length = Math.min(to, now) - left
      element.style.width = `${(length / WINDOW_MS) * 100}%`
      element.classList.toggle("narrow", length < MIN_LABELLED_MS)
    }
  }
}
