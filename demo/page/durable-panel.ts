import { numberOf } from "./channel-log.ts"
import { QUESTION } from "./chat-scenarios.ts"
import { onAction, setAvailable, setFact, setOutcome, setState, type ShownState } from "./dom.ts"
import { type DurableEnd, DurableReader } from "./durable-reader.ts"
import { pace } from "./pace.ts"

const LOOK_EVERY_MS = 1000 / pace
/** The key of the ID in the local storage, so that a reloaded page and a new tab find the answer. */
const ID_KEY = "steadystream-demo-answer"

const BEGUN = "Reload this page now, or open a second tab: the answer goes on."

/** The processes of the server, and what each does for the answer. */
interface Processes {
  readonly isOnRedis: boolean
  readonly processes: readonly { readonly name: string; readonly writes: boolean; readonly readers: number }[]
}

/** How an answer stands in the store: its events are after `first` up to `last`. */
interface StoredState {
  readonly status: string
  readonly first: string
  readonly last: string
}

/** An answer that a tab asks for. */
interface Asked {
  readonly id: string
  /** Whether the answer begins now, so that no event of it is replayed. */
  readonly isNew: boolean
}

const OUTCOMES: Readonly<Record<DurableEnd, readonly [ShownState, "good" | "bad" | "neutral", string]>> = {
  done: ["done", "good", "Complete. It stays readable for an hour: reload this page."],
  cancelled: ["cancelled", "neutral", "Stopped, for every reader. The words until then stay readable."],
  lost: ["failed", "bad", "Lost: its process has ended. Every reader learns it within the lease and one second."],
  failed: ["failed", "bad", "Failed"],
  unknown: ["idle", "neutral", ""],
}

/** The panel of an answer that survives a reload, a second tab and the process that writes it. */
export class DurablePanel {
  readonly #root: HTMLElement
  readonly #reader: DurableReader
  readonly #buttons: Readonly<Record<"ask" | "fail" | "stop" | "kill" | "continue", HTMLButtonElement>>
  readonly #tabs: BroadcastChannel = new BroadcastChannel("steadystream-demo-answer")
  #id = ""
  #timer: ReturnType<typeof setInterval> | undefined = undefined
  #isLooking = false

  constructor(root: HTMLElement) {
    this.#root = root
    this.#reader = new DurableReader(root)
    this.#buttons = {
      ask: onAction(root, "ask", () => void this.#ask("demo")),
      fail: onAction(root, "fail", () => void this.#ask("demo-error")),
      stop: onAction(root, "stop", () => void this.#send(`/answer?id=${this.#id}`, "DELETE")),
      kill: onAction(root, "kill", () => void this.#send(`/api/kill?answer=${this.#id}`, "POST")),
      continue: onAction(root, "continue", () => void this.#ask("demo", this.#id)),
    }
    onAction(root, "reload", () => location.reload())
    this.#tabs.addEventListener("message", ({ data }: MessageEvent<Asked>) => void this.#follow(data))
  }

  /** Goes on reading the answer that was asked for last, in this tab or another one. */
  async begin(): Promise<void> {
    const id = localStorage.getItem(ID_KEY)
    if (id !== null) await this.#follow({ id, isNew: false })
    else await this.#look()
  }

  /** Asks for an answer, or for the rest of the lost one with this ID, and shows it in every tab. */
  async #ask(model: string, lost?: string): Promise<void> {
    const body = JSON.stringify({ model, messages: [{ role: "user", content: QUESTION }] })
    const answer = await this.#send(lost === undefined ? "/answer" : `/answer?id=${lost}`, "POST", body)
    if (answer === undefined) return
    const asked: Asked = { id: (answer as Asked).id, isNew: lost === undefined }
    localStorage.setItem(ID_KEY, asked.id)
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a BroadcastChannel has no target
    this.#tabs.postMessage(asked)
    await this.#follow(asked)
  }

  /** Reads an answer to its end. */
  async #follow({ id, isNew }: Asked): Promise<void> {
    this.#id = id
    setState(this.#root, "connecting")
    setOutcome(this.#root, "")
    this.#setRunning(true)
    const state = (await this.#send(`/api/answer?id=${id}`)) as StoredState | undefined
    if (id !== this.#id) return
    if (state === undefined) return this.#setIdle()
    if (state.status === "unknown") return this.#finish("unknown")
    const stored = isNew ? 0 : numberOf(state.last) - numberOf(state.first)
    setState(this.#root, "open", "running")
    setOutcome(this.#root, stored === 0 ? BEGUN : `${stored} events come from the store, the next ones are live.`)
    clearInterval(this.#timer)
    this.#timer = setInterval(() => void this.#look(), LOOK_EVERY_MS)
    void this.#look()
    const result = await this.#reader.read(id, stored)
    if (result !== undefined) this.#finish(result.end, result.why)
  }

  #finish(end: DurableEnd, why = ""): void {
    const [state, kind, text] = OUTCOMES[end]
    clearInterval(this.#timer)
    this.#setRunning(false)
    setState(this.#root, state, end === "unknown" ? "idle" : end)
    setOutcome(this.#root, end === "failed" ? `${text}: ${why}.` : text, kind)
    setAvailable(this.#buttons.continue, end === "lost")
    if (end === "unknown") localStorage.removeItem(ID_KEY)
    void this.#look()
    // The processes report the end of a reader a moment later.
    setTimeout(() => void this.#look(), LOOK_EVERY_MS)
  }

  #setRunning(running: boolean): void {
    const { ask, fail, stop, kill } = this.#buttons
    for (const button of [ask, fail]) setAvailable(button, !running)
    for (const button of [stop, kill]) setAvailable(button, running)
    setAvailable(this.#buttons.continue, false)
  }

  #setIdle(): void {
    this.#setRunning(false)
    setState(this.#root, "idle")
  }

  /** Shows the processes and the number of readers, if the server answers. */
  async #look(): Promise<void> {
    // One request at a time, because the browser may have no connection for it.
    if (this.#isLooking) return
    this.#isLooking = true
    const response = await fetch(`/api/processes?answer=${this.#id}`).catch(() => undefined)
    this.#isLooking = false
    if (response?.ok !== true) return
    const { processes, isOnRedis } = (await response.json()) as Processes
    setFact(this.#root, "readers", String(processes.reduce((sum, { readers }) => sum + readers, 0)))
    setFact(this.#root, "processes", processes.map(({ name }) => name).join(", "))
    for (const element of document.querySelectorAll<HTMLElement>("[data-redis]")) element.hidden = !isOnRedis
  }

  /** Returns the JSON that the server answers, or shows that it does not answer. */
  async #send(path: string, method = "GET", body?: string): Promise<unknown> {
    try {
      const response = await fetch(path, { method, ...(body === undefined ? {} : { body }) })
      const answer = (await response.json()) as { error?: { message: string } }
      if (response.ok) return answer
      setOutcome(this.#root, `Refused: ${answer.error?.message ?? response.status}.`, "bad")
    } catch {
      setOutcome(this.#root, "The demo’s server does not answer. Is npm start still running?", "bad")
    }
    return undefined
  }
}
