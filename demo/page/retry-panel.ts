import { SseError, SseRetryError } from "steadystream"
import type { Subscription } from "steadystream/client"
import { find, onAction, seconds, setAvailable, setFact, setOutcome, setState, type ShownState } from "./dom.ts"
import { EventLog } from "./event-log.ts"
import { pace } from "./pace.ts"
import { ServerSwitch } from "./server-switch.ts"
import { tape } from "./tape.ts"
import { Timeline } from "./timeline.ts"

const MAX_RETRIES = 5
const MAX_LISTED = 30
/** The key of the cursor in the session storage, so that a reloaded page resumes after the last tick. */
const CURSOR_KEY = "steadystream-demo-ticks"

/** The panel of the ticking stream, whose server the user can take down. */
export class RetryPanel {
  readonly #root: HTMLElement
  readonly #log: EventLog
  readonly #timeline: Timeline
  readonly #start: HTMLButtonElement
  readonly #stop: HTMLButtonElement
  readonly #switch: ServerSwitch
  #subscription: Subscription | undefined = undefined
  #attempts = 0
  /** The last event ID that the current attempt sends, `""` if there is none. */
  #cursor = ""
  #countdown: ReturnType<typeof setInterval> | undefined = undefined

  constructor(root: HTMLElement) {
    this.#root = root
    this.#log = new EventLog(find(root, ".log"))
    this.#timeline = new Timeline(find(root, ".lane"))
    this.#start = onAction(root, "start", () => void this.#run())
    this.#stop = onAction(root, "stop", () => this.#subscription?.close())
    this.#switch = new ServerSwitch(root)
    void this.#switch.refresh()
  }

  /** Reads until the retry budget is exhausted or the user closes the subscription. */
  async #run(): Promise<void> {
    if (this.#subscription !== undefined) return
    this.#attempts = 0
    this.#begin()
    const subscription = tape.subscribeOf("retry")("/ticks", {
      lastEventId: sessionStorage.getItem(CURSOR_KEY) ?? "",
      retry: { maxRetries: MAX_RETRIES, maxDelay: 4000 / pace },
      timeouts: { connect: 5000 },
      // A browser has six connections for all tabs.
      pauseWhenHidden: true,
      headers: ({ lastEventId }) => {
        this.#cursor = lastEventId
        return {}
      },
      onStateChange: (state) => {
        if (state === "connecting") this.#connecting()
        else if (state === "open") this.#opened()
      },
      onRetry: ({ attempt, delay, error }) => this.#waiting(attempt, delay, error),
    })
    this.#subscription = subscription
    this.#connecting()
    try {
      for await (const { event, id, data, lastEventId } of subscription) {
        this.#log.add({ event, id, data })
        sessionStorage.setItem(CURSOR_KEY, lastEventId)
        this.#ticked(lastEventId)
      }
      this.#ended("closed", "Closed. No more requests are made.")
    } catch (error) {
      this.#failed(error)
    }
    this.#subscription = undefined
    this.#setRunning(false)
  }

  #begin(): void {
    this.#setRunning(true)
    setOutcome(this.#root, "")
    this.#showBudget(0)
  }

  #setRunning(running: boolean): void {
    setAvailable(this.#start, !running)
    setAvailable(this.#stop, running)
  }

  #connecting(): void {
    this.#stopCountdown()
    setState(this.#root, "connecting")
    setFact(this.#root, "attempts", String(++this.#attempts))
    this.#timeline.add("connecting")
    setFact(this.#root, "caption", "connecting")
  }

  #opened(): void {
    setState(this.#root, "open")
    this.#timeline.add("open")
    this.#list("open", `attempt ${this.#attempts}`, "connected")
    if (this.#cursor !== "") this.#log.note("resumed", `after id ${this.#cursor}`)
    void this.#switch.refresh()
    setFact(this.#root, "caption", "connected, no tick yet")
    setOutcome(this.#root, "Connected. Ticks arrive until the server goes down.", "good")
  }

  #ticked(lastEventId: string): void {
    setFact(this.#root, "id", lastEventId)
    if (this.#root.dataset["state"] !== "open") return
    setFact(this.#root, "figure", lastEventId)
    setFact(this.#root, "caption", "last tick")
    // A new event restores the full retry budget.
    this.#showBudget(0)
  }

  #waiting(attempt: number, delay: number, error: SseError): void {
    const what = this.#root.dataset["state"] === "open" ? "lost" : "failed"
    setState(this.#root, "waiting")
    this.#showBudget(attempt)
    this.#timeline.add("waiting", seconds(delay))
    this.#list("waiting", `attempt ${this.#attempts} ${what}`, `${describe(error)}; next attempt in ${seconds(delay)}`)
    this.#log.note("retry", `${attempt}/${MAX_RETRIES} in ${seconds(delay)}`)
    setOutcome(this.#root, `${describe(error)}. Retry ${attempt} of ${MAX_RETRIES} in ${seconds(delay)}.`)
    this.#startCountdown(delay)
    void this.#switch.refresh()
  }

  #failed(error: unknown): void {
    const last = error instanceof SseRetryError ? error.cause : error
    const reason = SseError.is(last) ? describe(last) : "The page itself failed"
    this.#showBudget(MAX_RETRIES)
    this.#list("failed", `attempt ${this.#attempts} failed`, `${reason}; gave up`)
    this.#log.note("end", (error as Error).message)
    this.#ended(
      "failed",
      `Gave up after ${this.#attempts} attempts: ${MAX_RETRIES} retries in a row failed. ${reason}. ` +
        "Start again when the server is back.",
    )
  }

  #ended(state: "closed" | "failed", outcome: string): void {
    this.#stopCountdown()
    setState(this.#root, state, state === "failed" ? "gave up" : "closed")
    this.#timeline.stop(state)
    setFact(this.#root, "figure", state === "failed" ? "✕" : "–")
    setFact(this.#root, "caption", state === "failed" ? "no more attempts" : "closed by you")
    setOutcome(this.#root, outcome, state === "failed" ? "bad" : "neutral")
  }

  #startCountdown(delay: number): void {
    const bar = find(this.#root, ".countdown i")
    const due = performance.now() + delay
    const show = (): void => {
      const left = Math.max(0, due - performance.now())
      setFact(this.#root, "figure", seconds(left))
      bar.style.width = `${(left / delay) * 100}%`
    }
    this.#stopCountdown()
    setFact(this.#root, "caption", "until the next attempt")
    show()
    this.#countdown = setInterval(show, 50)
  }

  #stopCountdown(): void {
    clearInterval(this.#countdown)
    find(this.#root, ".countdown i").style.width = "0"
  }

  #showBudget(used: number): void {
    const budget = find(this.#root, `[data-fact="budget"]`)
    budget.setAttribute("aria-label", `${used} of ${MAX_RETRIES}`)
    for (const [index, dot] of [...budget.children].entries()) dot.classList.toggle("used", index < used)
  }

  #list(state: ShownState, what: string, how: string): void {
    const list = find(this.#root, ".attempts")
    const item = document.createElement("li")
    item.dataset["state"] = state
    const name = document.createElement("strong")
    name.textContent = what
    item.append(name, ` ${how}`)
    list.prepend(item)
    if (list.children.length > MAX_LISTED) list.lastElementChild?.remove()
  }
}

/** Describes an error for the user of the page. */
function describe(error: SseError): string {
  if (error.code === "connection") return "The connection was cut"
  if (error.code === "response") return `The server answered ${(error as SseError & { status: number }).status}`
  if (error.code === "timeout") return "The server did not answer in time"
  return error.message
}
