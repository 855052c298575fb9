/*
 * One tab of a shared stream: it leads with the only connection, follows the leader, or catches up by a connection of its
 * own if the leader no longer has what it missed. Without locks and channels it is alone.
 */
import { SseTruncatedError } from "../../errors.ts"
import type { SseEvent } from "../../event.ts"
import type { Failure } from "../../internal/channel.ts"
import { Timer } from "../../internal/timer.ts"
import type { Settings, SubscriptionEnd, SubscriptionState } from "../../reconnection/index.ts"
import type { EventQueue } from "../event-queue.ts"
import type { ExchangeHandlers } from "./exchange-handlers.ts"
import { Exchange } from "./exchange.ts"
import { Inbox } from "./inbox.ts"
import { Leadership } from "./leadership.ts"
import { type Message, nameOf } from "./messages.ts"
import { Pace } from "./pace.ts"
import type { ShareSettings, TabRole } from "./share-settings.ts"
import { SharedLog } from "./shared-log.ts"
import { TabConnection } from "./tab-connection.ts"
import { openChannel, type TabChannel, type TabPlatform } from "./tab-platform.ts"

/** How long a new leader waits for events that other tabs have and it has not, in milliseconds. */
const COLLECT_MS = 100

/** The most events that a tab keeps, as a multiple of the events that its queue holds. */
const KEPT = 4

export class SharedLoop {
  state: SubscriptionState = "connecting"
  ending: SubscriptionEnd | undefined = undefined
  role: TabRole
  readonly #settings: Settings
  readonly #share: ShareSettings
  readonly #platform: TabPlatform | undefined
  readonly #queue: EventQueue
  readonly #onStateChange: (state: SubscriptionState) => void
  readonly #inbox: Inbox
  readonly #log: SharedLog
  readonly #exchange: Exchange
  readonly #pace: Pace
  readonly #whole: AbortController = new AbortController()
  readonly #timer: Timer
  #isClosed = false
  #channel: TabChannel | undefined
  #leadership: Leadership | undefined
  #connection: TabConnection | undefined

  constructor(
    settings: Settings,
    queue: EventQueue,
    onStateChange: (state: SubscriptionState) => void,
    share: ShareSettings,
    platform: TabPlatform | undefined,
  ) {
    const { maxQueuedEvents, maxQueuedSize } = settings.limits
    const [kept, size] = [KEPT * maxQueuedEvents, 2 * maxQueuedSize]
    this.#settings = settings
    this.#queue = queue
    this.#onStateChange = onStateChange
    this.#share = share
    this.#platform = platform
    this.#inbox = new Inbox(queue, settings, kept, size, () => this.#fail("the tab has read too slowly"))
    this.#log = new SharedLog(settings.lastEventId, platform ? kept : 1, size)
    const { url, recent } = share
    this.#exchange = new Exchange(platform?.newId() ?? "", url, recent, this.#log, this.#handlers())
    this.#pace = new Pace(settings, this.#exchange, this.#inbox, this.#log)
    this.#timer = new Timer(settings.clock)
    this.role = platform ? "following" : "alone"
  }

  get retries(): number {
    return this.#exchange.retries
  }

  start(): void {
    const platform = this.#platform
    if (!platform) return this.#connect()
    const { signal } = this.#whole
    platform.watchPage(
      () => this.#suspend(),
      () => this.#enter(platform),
      signal,
    )
    this.#enter(platform)
  }

  /** Ends everything at once, without a call of the queue. */
  close(): void {
    this.#isClosed = true
    this.#stop()
  }

  /** The consumer has taken an event, or waits for one. */
  onConsumer(): void {
    this.#inbox.move()
    this.#reportTaken()
    this.#connection?.onConsumer()
  }

  #stop(): void {
    if (this.#whole.signal.aborted) return
    this.#whole.abort()
    this.#timer.end()
    this.#leave()
    this.#setState("closed")
  }

  #finish(ending: SubscriptionEnd, failure: Failure | undefined): void {
    if (this.#whole.signal.aborted) return
    this.ending = ending
    this.#stop()
    // A listener of the last state may have closed it.
    if (this.#isClosed) return
    this.#inbox.move(true)
    this.#queue.end(failure)
  }

  #fail(reason: string): void {
    const message = `Cannot share event stream: ${reason}, and no other tab has kept the next events`
    this.#finish({ reason: "error", mark: undefined }, [new SseTruncatedError(message, "events", true)])
  }

  #enter(platform: TabPlatform): void {
    if (this.#channel || this.role === "alone") return
    const name = nameOf(this.#share.key)
    const { clock, report } = this.#settings
    const beAlone = () => {
      this.#leave()
      this.#setRole("alone")
      this.#connect()
    }
    const leadership = new Leadership(platform.locks, name, clock, this.#share.leaderTimeout, {
      onLead: (isFirst) => this.#collect(isFirst),
      onLost: () => this.#follow(),
      onSilence: () => this.#exchange.ask(),
      onRefused: beAlone,
    })
    this.#leadership = leadership
    const onMessage = (message: unknown) => {
      if (this.#leadership === leadership) this.#exchange.onMessage(message as Message)
    }
    this.#channel = openChannel(platform, name, onMessage, report)
    if (!this.#channel) return beAlone()
    leadership.start()
    this.#exchange.ask()
  }

  /** The page stops for a time: another tab must lead. */
  #suspend(): void {
    if (!this.#channel) return
    this.#leave()
    this.#setRole("following")
    this.#setState("waiting")
  }

  #leave(): void {
    this.#exchange.follow()
    this.#connection?.close()
    this.#leadership?.stop()
    this.#channel?.close()
    this.#channel = this.#leadership = this.#connection = undefined
  }

  /** This tab has the lock: it leads as soon as it has what the other tabs have. */
  #collect(isFirst: boolean): void {
    const leadership = this.#leadership
    const lead = () => {
      if (leadership === undefined || leadership !== this.#leadership || !leadership.isHeld) return
      this.#connection?.close()
      this.#pace.begin()
      // The fraction makes it differ from the epoch of every other tab.
      this.#exchange.lead(this.#platform!.sharedTime() + this.#settings.clock.random())
      this.#setRole("leading")
      this.#connect()
    }
    if (isFirst && !this.#exchange.isAligned) return lead()
    this.#exchange.ask(true)
    this.#timer.after("collect", COLLECT_MS, lead)
  }

  /** Another tab leads. */
  #follow(): void {
    if (!this.#exchange.isLeading) return
    this.#exchange.follow()
    this.#connection?.close()
    this.#connection = undefined
    this.#setRole("following")
  }

  #connect(): void {
    // A hook of the caller may have closed it.
    if (this.#whole.signal.aborted) return
    const exchange = this.#exchange
    this.#connection = new TabConnection(this.#settings, this.#log.last, {
      onEvent: (event, id, isRestart) => this.#onEvent(event, id, isRestart),
      onState: (state, retries) => {
        exchange.setState(state, retries)
        this.#setState(state)
      },
      onEnd: (ending, failure) => {
        this.#settings.callHook(() => exchange.end(ending, failure), undefined)
        this.#finish(ending, failure)
      },
      hasRoom: () => this.#pace.hasRoom,
    })
    this.#setState("connecting")
    this.#connection?.start()
  }

  #onEvent(event: SseEvent | undefined, lastEventId: string, isRestart: boolean): void {
    const exchange = this.#exchange
    this.#inbox.push(exchange.add(event, lastEventId, isRestart))
    // It catches up, and the leader may know this event.
    if (this.#channel && !exchange.isLeading) exchange.askOnce()
  }

  /** Reports to the leader how far this tab has read. */
  #reportTaken(): void {
    const { isLeading, isAligned } = this.#exchange
    const report = this.#channel && isAligned && !isLeading ? this.#pace.report() : undefined
    if (report) this.#channel!.post(report)
  }

  #setState(state: SubscriptionState): void {
    if (state === this.state || this.state === "closed") return
    this.#onStateChange((this.state = state))
  }

  #setRole(role: TabRole): void {
    if (role === this.role) return
    this.role = role
    this.#settings.callHook(this.#share.onRoleChange, role)
  }

  #handlers(): ExchangeHandlers {
    return {
      post: (message) => this.#channel?.post(message),
      onEntries: (entries) => {
        for (const entry of entries) this.#inbox.push(entry)
        this.#reportTaken()
      },
      onRollback: (entries) => this.#inbox.expectAgain(entries),
      onLeader: (state) => {
        this.#leadership?.onHeard()
        if (!this.#connection) this.#setState(state)
      },
      onAligned: () => {
        this.#connection?.close()
        this.#connection = undefined
      },
      onMissing: (lastEventId, place) => {
        if (lastEventId !== "") return this.#connection ?? this.#connect()
        if (this.#settings.onGap === undefined) return this.#fail("the tab was stopped")
        this.#inbox.pushGap(place, "not-kept")
        this.#exchange.skipTo(place)
      },
      onReplaced: () => {
        this.#follow()
        this.#leadership?.yield()
      },
      onOtherUrl: () => {
        const message = 'Cannot share event stream: "key" must have one URL, but another tab uses it with another one'
        this.#finish({ reason: "error", mark: undefined }, [new TypeError(message)])
      },
      onEnd: (ending, failure) => this.#finish(ending, failure),
      onTaken: (seq) => {
        this.#pace.onTaken(seq)
        this.#connection?.onConsumer()
      },
    }
  }
}
