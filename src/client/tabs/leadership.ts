/*
 * Decides which tab leads: the one that holds the lock. A leader that answers no message within a time loses the lock to
 * a tab that steals it, since a frozen tab keeps its locks in some browsers.
 */
import { ignore } from "../../internal/cancel.ts"
import type { Clock } from "../../internal/clock.ts"
import { Timer } from "../../internal/timer.ts"
import type { TabLocks } from "./tab-platform.ts"

export interface LeadershipHandlers {
  /** This tab leads from now on. @param isFirst - Whether no tab held the lock or waited for it. */
  readonly onLead: (isFirst: boolean) => void
  /** Another tab has stolen the lock. */
  readonly onLost: () => void
  /** Nothing was heard of the leader: it must be asked for an answer. */
  readonly onSilence: () => void
  /** The platform refuses locks, as it does for an opaque origin. */
  readonly onRefused: () => void
}

interface Request {
  isGranted: boolean
  /** Releases the lock, or stops waiting for it. */
  end: () => void
}

export class Leadership {
  readonly #locks: TabLocks
  readonly #name: string
  readonly #clock: Clock
  readonly #halfTimeout: number
  readonly #handlers: LeadershipHandlers
  #timer: Timer
  #request: Request | undefined

  /** @param timeout - The longest silence of a leader, in milliseconds. */
  constructor(locks: TabLocks, name: string, clock: Clock, timeout: number, handlers: LeadershipHandlers) {
    this.#locks = locks
    this.#name = name
    this.#clock = clock
    this.#halfTimeout = timeout / 2
    this.#handlers = handlers
    this.#timer = new Timer(clock)
  }

  get isHeld(): boolean {
    return this.#request?.isGranted === true
  }

  start(): void {
    this.#timer = new Timer(this.#clock)
    this.#ask({ ifAvailable: true })
    this.onHeard()
  }

  stop(): void {
    this.#timer.end()
    const request = this.#request
    this.#request = undefined
    request?.end()
  }

  /** Releases the lock and waits for it again, behind the others. */
  yield(): void {
    this.stop()
    this.#timer = new Timer(this.#clock)
    this.#wait()
    this.onHeard()
  }

  /** The leader was heard. */
  onHeard(): void {
    if (this.isHeld) return
    this.#timer.after("steal", 0, ignore)
    this.#timer.after("silence", this.#halfTimeout, () => this.#onSilence())
  }

  #onSilence(): void {
    // At random, so that not all tabs steal at once.
    const wait = this.#halfTimeout * (1 + this.#clock.random() / 2)
    const due = this.#clock.now() + wait
    this.#timer.after("steal", wait, () => {
      // A timer that is very late shows that this tab itself was stopped, and an answer may wait in its queue.
      if (this.#clock.now() - due > wait) this.#onSilence()
      else this.#steal()
    })
    this.#handlers.onSilence()
  }

  #steal(): void {
    const waiting = this.#request
    this.#request = undefined
    waiting?.end()
    this.#ask({ steal: true })
  }

  #wait(): void {
    const controller = new AbortController()
    this.#ask({ signal: controller.signal }, () => controller.abort())
  }

  #ask(options: Parameters<TabLocks["request"]>[1], end: () => void = ignore): void {
    const request: Request = { isGranted: false, end }
    this.#request = request
    const onGrant = (lock: unknown): unknown => {
      if (this.#request !== request) return undefined
      if (lock === null) return this.#wait()
      request.isGranted = true
      this.#timer.after("silence", 0, ignore)
      this.#timer.after("steal", 0, ignore)
      const held = new Promise<void>((resolve) => (request.end = resolve))
      this.#handlers.onLead(options.ifAvailable === true)
      return held
    }
    const onEnd = (): void => {
      if (this.#request !== request) return
      if (!request.isGranted) return this.#handlers.onRefused()
      this.#handlers.onLost()
      if (this.#request === request) this.yield()
    }
    void (async () => this.#locks.request(this.#name, options, onGrant))().then(undefined, onEnd)
  }
}
