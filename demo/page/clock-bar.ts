import type { ChunkTimeouts } from "steadystream/openai"
import { find, seconds } from "./dom.ts"

/** A kind of data from the server that can restart or stop a timeout. */
export type Sign = "response" | "comment" | "chunk" | "content"

type Phase = keyof ChunkTimeouts

/** The signs that restart each timeout. */
const REWINDS: Readonly<Record<Phase, readonly Sign[]>> = {
  connect: [],
  firstContent: ["response"],
  idle: ["response", "comment", "chunk", "content"],
  eventIdle: ["response", "chunk", "content"],
  contentIdle: ["content"],
  total: [],
}
/** The sign that stops a timeout; no sign stops `total`. */
const ENDS: Partial<Record<Phase, Sign>> = { connect: "response", firstContent: "content" }

/** Shows the timeout of the run as a bar that empties until data restarts it. */
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

  /** Shows the timeout that `timeouts` sets, before it runs. */
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

  /** Stops the bar; it is empty if the timeout expired. */
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
