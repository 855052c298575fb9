/* Streams that tabs of a browser share while their leader is stopped at events, and the count of what the tabs saw. */
import type { BrowserTab, Stop, TabBrowser } from "./browser-tabs.ts"
import type { TabServer } from "./tab-server.ts"

export interface TabRunOptions {
  readonly stop: Stop
  readonly keys: readonly string[]
  /** The events of each stream. */
  readonly events: number
  /** The leader is stopped at each event whose number is a multiple of this. */
  readonly stopEvery?: number
  readonly tabs?: number
  /** In milliseconds. */
  readonly leaderTimeout?: number
}

export interface TabRunCounts {
  readonly stops: number
  readonly tabs: number
  sent: number
  seen: number
  lost: number
  doubled: number
  /** The requests for streams. */
  requests: number
  /** The most connections of one stream at a time. */
  maxConnections: number
  readonly milliseconds: number
}

interface OpenTab {
  readonly id: string
  readonly tab: BrowserTab
  /** The first event that it must see. */
  readonly first: number
}

/** Stops that end the tab, which another one then replaces. */
const FINAL: ReadonlySet<Stop> = new Set(["close", "crash"])

export async function runTabs(browser: TabBrowser, server: TabServer, options: TabRunOptions): Promise<TabRunCounts> {
  const run = new TabRun(browser, server, options)
  return run.run()
}

class TabRun {
  readonly #browser: TabBrowser
  readonly #server: TabServer
  readonly #options: TabRunOptions
  readonly #open: OpenTab[] = []
  #opened = 0
  #stops = 0
  readonly #counts = { sent: 0, seen: 0, lost: 0, doubled: 0, requests: 0, maxConnections: 0 }

  constructor(browser: TabBrowser, server: TabServer, options: TabRunOptions) {
    this.#browser = browser
    this.#server = server
    this.#options = options
  }

  async run(): Promise<TabRunCounts> {
    const started = performance.now()
    const { keys, events, stopEvery = 1, tabs = 4 } = this.#options
    const [first] = keys
    for (let count = 0; count < tabs; count++) await this.#openTab()
    for (let number = 1; number <= events; number++) {
      const victim = this.#open.find(({ id }) => id === this.#server.stream(first!).leader)
      if (victim === undefined) throw new Error("Cannot stop the leader: the server must know its tab")
      const isStop = number % stopEvery === 0
      if (isStop && FINAL.has(this.#options.stop)) await this.#count(victim, false)
      for (const key of keys) this.#server.emit(key)
      if (isStop) await this.#stopLeader(victim)
    }
    for (const open of this.#open) await this.#count(open, true)
    for (const key of keys) {
      const { events: sent, requests, maxOpen } = this.#server.stream(key)
      this.#counts.sent += sent
      this.#counts.requests += requests
      this.#counts.maxConnections = Math.max(this.#counts.maxConnections, maxOpen)
    }
    for (const { tab } of this.#open) await tab.close()
    return {
      ...this.#counts,
      stops: this.#stops,
      tabs: this.#opened,
      milliseconds: Math.round(performance.now() - started),
    }
  }

  async #openTab(): Promise<void> {
    const { keys, leaderTimeout = 5_000 } = this.#options
    const id = String(++this.#opened)
    const query = [...keys.map((key) => `key=${key}`), `tab=${id}`, `leaderTimeout=${leaderTimeout}`].join("&")
    const tab = await this.#browser.open(`${this.#server.origin}/?${query}`)
    const isOpen = 'Object.values(page.subscriptions).every(({ state }) => state === "open")'
    await until(() => tab.evaluate<boolean>(isOpen), `tab ${id} must be open`)
    this.#open.push({ id, tab, first: this.#server.stream(keys[0]!).events + 1 })
  }

  async #stopLeader(victim: OpenTab): Promise<void> {
    const { stop, keys } = this.#options
    this.#stops++
    const isFinal = FINAL.has(stop)
    await victim.tab.stop(stop)
    if (isFinal) this.#open.splice(this.#open.indexOf(victim), 1)
    const hasNext = async () => keys.every((key) => this.#server.stream(key).leader !== victim.id)
    await until(hasNext, `another tab must lead after ${stop} of tab ${victim.id}`)
    if (isFinal) await this.#openTab()
    else await victim.tab.resume()
  }

  /** Counts what a tab has seen, which is each event from its first one on, and up to the last one if it stays. */
  async #count({ id, tab, first }: OpenTab, stays: boolean): Promise<void> {
    for (const key of this.#options.keys) {
      const { events } = this.#server.stream(key)
      const read = `({ seen: page.seen[${JSON.stringify(key)}], failures: page.failures })`
      let page = await tab.evaluate<{ seen: string[]; failures: string[] }>(read)
      const isWhole = async () => {
        page = await tab.evaluate(read)
        return page.seen.at(-1) === String(events)
      }
      if (stays && first <= events) await until(isWhole, `tab ${id} must see event ${events}`).catch(() => {})
      if (page.failures.length > 0) throw new Error(`Cannot read tab ${id}: ${page.failures[0]}`)
      const numbers = page.seen.map(Number)
      const last = stays ? events : (numbers.at(-1) ?? first - 1)
      const unique = new Set(numbers)
      this.#counts.seen += numbers.length
      this.#counts.doubled += numbers.length - unique.size
      for (let number = first; number <= last; number++) if (!unique.has(number)) this.#counts.lost++
      if (numbers.some((number, index) => index > 0 && number < numbers[index - 1]!)) {
        throw new Error(`Cannot accept tab ${id}: its events must be in order`)
      }
    }
  }
}

/** Waits for a condition of a real browser. */
async function until(isTrue: () => Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + 60_000
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error(`Cannot run tabs: ${what}`)
    await new Promise<void>((resolve) => void setTimeout(resolve, 10))
  }
}
