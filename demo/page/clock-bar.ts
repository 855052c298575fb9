import type { ChunkTimeouts } from "steadystream/openai"
import { find, seconds } from "./dom.ts"

/** What came, as far as it matters to a clock. */
export type Sign = "response" | "comment" | "chunk" | "content"

type Phase = keyof ChunkTimeouts

/** Which signs wind each clock up again; `content` ends the wait for the first of it, and nothing stops `total`. */
const REWINDS: Readonly<Record<Phase, readonly Sign[]>> = {
  connect: [],
  firstContent: ["response"],
  idle: ["response", "comment", "chunk", "content"],
  eventIdle: ["response", "chunk", "content"],
  contentIdle: ["content"],
  total: [],
}
const ENDS: Partial<Record<Phase, Sign>> = { connect: "response", firstContent: "content" }

/** The one clock of the run as a bar that empties, so that its silence can be seen. */
export class ClockBar {
  readonly #root: HTMLElement
  readonly #fill: HTMLElement
  #phase: Phase | undefined = undefined
  #ms = 0
  #run: Animation | undefined = undefined

  constructor(root: HTMLElement) {
    this.#root = root
    this.#fill = find(root, "i")
  }

  /** Shows the clock that `timeouts` names, before it runs. */
  set(timeouts: ChunkTimeouts = {}): void {
    const [entry] = Object.entries(timeouts) as [Phase, number][]
    this.#run?.cancel()
    this.#phase = entry?.[0]
    this.#ms = entry?.[1] ?? 0
    this.#root.hidden = entry === undefined
    find(this.#root, "code").textContent = `timeouts.${this.#phase ?? ""}`
    find(this.#root, "span").textContent = seconds(this.#ms)
  }

  start(): void {
    if (this.#phase === "connect" || this.#phase === "total") this.#wind()
  }

  take(sign: Sign): void {
    if (this.#phase === undefined) return
    if (REWINDS[this.#phase].includes(sign)) this.#wind()
    if (ENDS[this.#phase] === sign) this.#run?.cancel()
  }

  /** Holds the bar where it is: empty, if the clock has run out. */
  stop(ranOut: boolean): void {
    if (ranOut) this.#run?.finish()
    else this.#run?.cancel()
  }

  #wind(): void {
    this.#run?.cancel()
    this.#run = this.#fill.animate([{ transform: "scaleX(1)" }, { transform: "scaleX(0)" }], {
      duration: this.#ms,
      fill: "forwards",
    })
  }
}
