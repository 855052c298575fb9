/*
 * Tabs of a browser that does not exist: locks, messages, timers and connections of each arrive as tasks, which a test runs
 * in any order between tabs and in their order within one. A frozen tab runs none and keeps its locks.
 */
import type { Clock, EventDecoder, SseEvent } from "steadystream"
import type { SharedSubscription, ShareOptions } from "steadystream/client"
import { ManualClock } from "steadystream/testing"
import type { DecodedEvent } from "../../src/contract/index.ts"
import { shareOn } from "../../src/client/share-across-tabs.ts"
import type { TabLocks, TabPlatform } from "../../src/client/tabs/tab-platform.ts"

interface LockRequest {
  readonly tab: FakeTab
  readonly run: (lock: unknown) => unknown
  readonly resolve: (value: unknown) => void
  readonly reject: (reason: unknown) => void
}

interface Lock {
  holder: LockRequest | undefined
  readonly waiting: LockRequest[]
}

export class FakeBrowser {
  readonly clock: ManualClock = new ManualClock()
  readonly tabs: FakeTab[] = []
  /** Whether a tab is told that its lock was stolen. */
  reportsSteal = true
  readonly random: () => number
  readonly #locks = new Map<string, Lock>()

  constructor(random: () => number = () => 0.5) {
    this.random = random
  }

  open(): FakeTab {
    const tab = new FakeTab(this, this.tabs.length)
    this.tabs.push(tab)
    return tab
  }

  /** Runs tasks of all tabs and fires timers, until `isDone` or until nothing is left within `ms`. */
  async settle(ms = 0, isDone: () => boolean = () => false): Promise<void> {
    const end = this.clock.now() + ms
    for (;;) {
      await turns()
      if (isDone()) return
      const ready = this.tabs.filter((tab) => tab.isReady)
      if (ready.length > 0) {
        for (const tab of ready) tab.runTask()
        continue
      }
      const { nextDelay = Infinity } = this.clock
      if (this.clock.now() + nextDelay > end) return this.clock.advance(Math.max(0, end - this.clock.now()))
      await this.clock.advance(nextDelay)
    }
  }

  post(from: FakeTab, name: string, message: unknown): void {
    for (const tab of this.tabs) {
      if (tab === from) continue
      for (const channel of tab.channels) {
        if (channel.name !== name) continue
        const copy: unknown = structuredClone(message)
        tab.task(() => {
          if (tab.channels.has(channel)) channel.onMessage(copy)
        })
      }
    }
  }

  request(tab: FakeTab, name: string, options: Parameters<TabLocks["request"]>[1], run: LockRequest["run"]) {
    const lock = this.#locks.get(name) ?? { holder: undefined, waiting: [] }
    this.#locks.set(name, lock)
    return new Promise<unknown>((resolve, reject) => {
      const request: LockRequest = { tab, run, resolve, reject }
      if (options.steal === true) {
        const { holder } = lock
        lock.holder = request
        if (this.reportsSteal) holder?.tab.task(() => holder.reject(new DOMException("stolen", "AbortError")))
        this.#grant(lock, request)
      } else if (options.ifAvailable === true && (lock.holder ?? lock.waiting[0])) {
        tab.task(() => resolve(run(null)))
      } else {
        lock.waiting.push(request)
        options.signal?.addEventListener("abort", () => {
          const at = lock.waiting.indexOf(request)
          if (at < 0) return
          lock.waiting.splice(at, 1)
          reject(new DOMException("aborted", "AbortError"))
        })
        this.#next(lock)
      }
    })
  }

  /** The tab is gone with all that it has. */
  forget(tab: FakeTab): void {
    for (const lock of this.#locks.values()) {
      const waiting = lock.waiting.filter((request) => request.tab !== tab)
      lock.waiting.splice(0, Infinity, ...waiting)
      if (lock.holder?.tab === tab) lock.holder = undefined
      this.#next(lock)
    }
  }

  holderOf(name: string): FakeTab | undefined {
    return this.#locks.get(name)?.holder?.tab
  }

  #next(lock: Lock): void {
    if (lock.holder || lock.waiting.length === 0) return
    lock.holder = lock.waiting.shift()!
    this.#grant(lock, lock.holder)
  }

  #grant(lock: Lock, request: LockRequest): void {
    request.tab.task(() => {
      void (async () => request.run({}))().then((value) => {
        request.resolve(value)
        if (lock.holder !== request) return
        lock.holder = undefined
        this.#next(lock)
      })
    })
  }
}

interface FakeChannel {
  readonly name: string
  readonly onMessage: (message: unknown) => void
}

export class FakeTab {
  readonly index: number
  readonly channels = new Set<FakeChannel>()
  isFrozen = false
  isGone = false
  /** What is called when the page is hidden for good, or shown again. */
  readonly #pageListeners: (readonly [suspend: () => void, resume: () => void, signal: AbortSignal])[] = []
  readonly #browser: FakeBrowser
  readonly #tasks: (() => void)[] = []

  constructor(browser: FakeBrowser, index: number) {
    this.#browser = browser
    this.index = index
  }

  get isReady(): boolean {
    return this.#tasks.length > 0 && !this.isFrozen
  }

  runTask(): void {
    this.#tasks.shift()?.()
  }

  task(run: () => void): void {
    if (!this.isGone) this.#tasks.push(run)
  }

  /** The tab ends without a word. */
  crash(): void {
    this.isGone = true
    this.#tasks.length = 0
    this.channels.clear()
    this.#browser.forget(this)
  }

  /** The page gets the event that it is about to be stopped, and is. */
  suspend(): void {
    for (const [suspend, , signal] of this.#pageListeners) if (!signal.aborted) suspend()
    this.isFrozen = true
  }

  resume(): void {
    this.isFrozen = false
    for (const [, resume, signal] of this.#pageListeners) if (!signal.aborted) this.task(resume)
  }

  get clock(): Clock {
    const { clock, random } = this.#browser
    return {
      now: () => clock.now(),
      setTimeout: (run, ms) => clock.setTimeout(() => this.task(run), ms),
      clearTimeout: (handle) => clock.clearTimeout(handle),
      random,
    }
  }

  get platform(): TabPlatform {
    const browser = this.#browser
    return {
      locks: {
        request: (name, options, run) =>
          this.isGone ? new Promise(() => {}) : browser.request(this, name, options, run),
      },
      openChannel: (name, onMessage) => {
        const channel = { name, onMessage }
        if (!this.isGone) this.channels.add(channel)
        return {
          post: (message) => {
            if (this.channels.has(channel)) browser.post(this, name, message)
          },
          close: () => void this.channels.delete(channel),
        }
      },
      watchPage: (suspend, resume, signal) => void this.#pageListeners.push([suspend, resume, signal]),
      sharedTime: () => browser.clock.now(),
      newId: () => `tab ${this.index}`,
    }
  }

  share<Contract extends EventDecoder<SseEvent<string, unknown>> | undefined = undefined>(
    url: string,
    options: ShareOptions<DecodedEvent<Contract>> & { readonly events?: Contract },
  ): SharedSubscription<DecodedEvent<Contract>> {
    return shareOn<Contract>(this.platform, url, { clock: this.clock, ...options })
  }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}
