import { ChannelLog, type LogEnds } from "./channel-log.ts"
import { ChannelReader } from "./channel-reader.ts"
import { find, onAction, setAvailable, setOutcome } from "./dom.ts"
import { pace } from "./pace.ts"
import { ReturningReader } from "./returning-reader.ts"

const TICK_MS = 1000 / pace
const SLOW_MS = 2000 / pace

const SLOW_HINT =
  "Its position is what its consumer has taken. The rest waits in the page and in the buffers of its connection."

/** The panel of a channel with three readers, which are connected only while it runs: a browser has six connections. */
export class ChannelPanel {
  readonly #log: ChannelLog
  readonly #along: ChannelReader
  readonly #slow: ChannelReader
  readonly #returning: ReturningReader
  readonly #buttons: Readonly<Record<"start" | "stop" | "one" | "many" | "off" | "back", HTMLButtonElement>>
  readonly #switch: HTMLButtonElement
  #isRunning = false
  #timer: ReturnType<typeof setInterval> | undefined = undefined
  /** The requests for the ends of the log that are under way. */
  #asking = 0

  constructor(root: HTMLElement) {
    this.#log = new ChannelLog(find(root, ".chart"))
    const onTake = (): void => this.#checkEnds()
    this.#along = new ChannelReader(find(root, "#reader-a"), this.#log, { url: "/channel", onTake })
    this.#slow = new ChannelReader(find(root, "#reader-b"), this.#log, { url: "/channel", pause: SLOW_MS, onTake })
    this.#returning = new ReturningReader(find(root, "#reader-c"), this.#log, onTake)
    this.#buttons = {
      start: onAction(root, "start", () => void this.#start()),
      stop: onAction(root, "stop", () => this.#stop()),
      one: onAction(root, "one", () => void this.#ask(1)),
      many: onAction(root, "many", () => void this.#ask(20)),
      off: onAction(root, "off", () => this.#takeOff()),
      back: onAction(root, "back", () => void this.#bringBack()),
    }
    this.#switch = onAction(root, "tick", () => this.#setTicking(!this.#isTicking))
  }

  get #isTicking(): boolean {
    return this.#switch.getAttribute("aria-checked") === "true"
  }

  /** Connects the three readers after the newest event. */
  async #start(): Promise<void> {
    setAvailable(this.#buttons.start, false)
    const ends = await this.#ask()
    if (ends === undefined) return setAvailable(this.#buttons.start, true)
    this.#setRunning(true)
    setOutcome(this.#along.root, "Takes each event when it arrives.", "good")
    setOutcome(this.#slow.root, SLOW_HINT)
    for (const reader of [this.#along, this.#slow, this.#returning]) reader.begin(ends.last)
    this.#setTicking(this.#isTicking)
  }

  #stop(): void {
    this.#setRunning(false)
    clearInterval(this.#timer)
    this.#returning.stop()
    for (const reader of [this.#along, this.#slow]) reader.leave("closed")
  }

  #takeOff(): void {
    this.#setAway(true)
    this.#returning.takeOff()
  }

  async #bringBack(): Promise<void> {
    setAvailable(this.#buttons.back, false)
    await this.#ask()
    if (!this.#isRunning) return
    this.#setAway(false)
    this.#returning.bringBack()
  }

  #setRunning(running: boolean): void {
    this.#isRunning = running
    const { start, stop, one, many, off, back } = this.#buttons
    setAvailable(start, !running)
    for (const button of [stop, one, many, off]) setAvailable(button, running)
    setAvailable(back, false)
  }

  #setAway(away: boolean): void {
    setAvailable(this.#buttons.off, !away)
    setAvailable(this.#buttons.back, away)
  }

  #setTicking(ticking: boolean): void {
    this.#switch.setAttribute("aria-checked", String(ticking))
    clearInterval(this.#timer)
    if (ticking && this.#isRunning) this.#timer = setInterval(() => void this.#ask(1), TICK_MS)
  }

  /** Asks for the ends of the log if a reader is beyond them: another tab has published. */
  #checkEnds(): void {
    const newest = Math.max(this.#along.position, this.#returning.reader.position)
    if (newest > this.#log.last && this.#asking === 0) void this.#ask()
  }

  /** Publishes `events`, if there are any, and shows the ends of the log. */
  async #ask(events = 0): Promise<LogEnds | undefined> {
    this.#asking++
    try {
      const init = events === 0 ? {} : { method: "POST", body: JSON.stringify({ events }) }
      const ends = (await (await fetch("/api/channel", init)).json()) as LogEnds
      this.#log.update(ends)
      for (const reader of [this.#along, this.#slow, this.#returning]) reader.showLag()
      return ends
    } catch {
      setOutcome(this.#along.root, "The demo’s server does not answer. Is npm start still running?", "bad")
      return undefined
    } finally {
      this.#asking--
    }
  }
}
