import { type SharedSubscription, shareAcrossTabs, type TabRole } from "steadystream/client"
import { find, onAction, setAvailable, setFact, setOutcome, setState } from "./dom.ts"
import { COLUMNS_WITHOUT_ID, EventLog } from "./event-log.ts"
import { TabList, type TabState } from "./tab-list.ts"

/** How often a tab reports to the others. */
const REPORT_EVERY_MS = 500
/** The parameter of the page's URL with which a tab joins at once. */
const JOIN = "join"

const OUTCOMES: Readonly<Record<TabRole, string>> = {
  leading: "This tab has the connection. Close it, and another tab goes on from the last event.",
  following: "Another tab has the connection, and this one gets every event from it.",
  alone: "This browser cannot share, so this tab has a connection of its own.",
}

/** The panel of one stream for all tabs. A tab takes part only while it has joined. */
export class TabsPanel {
  readonly #root: HTMLElement
  readonly #log: EventLog
  readonly #list: TabList
  readonly #channel: BroadcastChannel = new BroadcastChannel("steadystream-demo-tabs")
  readonly #id: string = crypto.randomUUID()
  readonly #join: HTMLButtonElement
  readonly #leave: HTMLButtonElement
  #stream: SharedSubscription | undefined = undefined
  #joined = 0
  #events = 0
  #timer: ReturnType<typeof setInterval> | undefined = undefined

  constructor(root: HTMLElement) {
    this.#root = root
    this.#log = new EventLog(find(root, ".log"), COLUMNS_WITHOUT_ID)
    this.#list = new TabList(find(root, ".tab-list"), this.#id)
    this.#join = onAction(root, "join", () => void this.#run())
    this.#leave = onAction(root, "leave", () => this.#stream?.close())
    const search = new URLSearchParams(location.search)
    if (search.has(JOIN)) void this.#run()
    search.set(JOIN, "")
    find(root, "[data-link]", HTMLAnchorElement).href = `?${search.toString()}#tabs`
    this.#channel.addEventListener("message", ({ data }: MessageEvent<TabState>) => this.#onReport(data))
    addEventListener("pagehide", () => this.#report(undefined))
  }

  async #run(): Promise<void> {
    const stream = shareAcrossTabs("/shared-ticks", {
      key: "demo-ticks",
      onRoleChange: () => this.#showRole(),
      onStateChange: () => this.#showRole(),
      onGap: () => this.#log.note("gap", "events are missing"),
    })
    this.#begin(stream)
    let problem = ""
    try {
      for await (const event of stream) this.#show(event.event, event.data)
    } catch (error) {
      problem = (error as Error).message
    }
    this.#end(problem)
  }

  #begin(stream: SharedSubscription): void {
    this.#stream = stream
    this.#joined = Date.now()
    this.#events = 0
    this.#log.clear()
    setAvailable(this.#join, false)
    setAvailable(this.#leave, true)
    this.#timer = setInterval(() => this.#report(stream.role), REPORT_EVERY_MS)
    this.#showRole()
  }

  #end(problem: string): void {
    clearInterval(this.#timer)
    this.#stream = undefined
    this.#report(undefined)
    this.#list.clear()
    setAvailable(this.#join, true)
    setAvailable(this.#leave, false)
    setState(this.#root, problem === "" ? "closed" : "failed")
    setFact(this.#root, "role", "–")
    setOutcome(this.#root, problem || "This tab has left. The others go on.", problem === "" ? "neutral" : "bad")
  }

  #show(event: string, data: string): void {
    const { tick, connections } = JSON.parse(data) as { readonly tick: number; readonly connections: number }
    this.#events++
    this.#log.add({ event, data })
    setFact(this.#root, "tick", String(tick))
    setFact(this.#root, "connections", String(connections))
    setFact(this.#root, "events", String(this.#events))
    this.#report(this.#stream?.role)
  }

  #showRole(): void {
    const stream = this.#stream
    if (stream === undefined) return
    setState(this.#root, stream.state === "open" ? "open" : stream.state === "closed" ? "closed" : "connecting")
    setFact(this.#root, "role", stream.role)
    setOutcome(this.#root, OUTCOMES[stream.role], "good")
    this.#report(stream.role)
  }

  #report(role: TabRole | undefined): void {
    const state: TabState = { id: this.#id, joined: this.#joined, role, events: this.#events }
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- why: a BroadcastChannel has one origin
    this.#channel.postMessage(state)
    this.#onReport(state)
  }

  /** Only a tab that has joined lists the others. */
  #onReport(state: TabState): void {
    if (this.#stream !== undefined) this.#list.update(state)
  }
}
