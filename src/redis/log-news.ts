/*
 * The subscriptions of the watched logs: one for each log, however many watch it. When a subscription stands, and when the
 * subscriber has reconnected, its watchers are told to look: what was published before is lost. A subscription that fails is
 * tried again as long as its log is watched.
 */
import type { Clock } from "../internal/clock.ts"
import { LogWatchers, type StoreNews, type StoreWatch } from "../server/store/index.ts"
import type { OwnedConnection } from "./connection.ts"
import { endQuietly, Subscription } from "./subscription.ts"

interface LogWatch extends Pick<StoreWatch, "stop"> {
  /** Resolves when the subscription stands. */
  readonly ready: Promise<void>
}

export class LogNews {
  readonly #connection: OwnedConnection
  readonly #clock: Clock
  readonly #untilIdle: () => Promise<void>
  readonly #watchers: LogWatchers = new LogWatchers()
  readonly #subscriptions: Map<string, Subscription> = new Map()
  #stopListening: (() => unknown) | void = undefined
  #isListening = false

  /** @param untilIdle - Resolves when the store has room for many reads. */
  constructor(connection: OwnedConnection, clock: Clock, untilIdle: () => Promise<void>) {
    this.#connection = connection
    this.#clock = clock
    this.#untilIdle = untilIdle
  }

  /** @param channel - Returns the channel of the log. */
  watch(name: string, onNews: (news: StoreNews | undefined) => void, channel: () => Promise<string>): LogWatch {
    if (!this.#isListening) this.#stopListening = this.#connection.onReady?.(() => void this.#reconnected())
    this.#isListening = true
    const remove = this.#watchers.add(name, onNews)
    let subscription = this.#subscriptions.get(name)
    if (subscription === undefined) {
      const report = (news: StoreNews | undefined) => {
        this.#watchers.post(name, news)
        this.#watchers.report()
      }
      subscription = new Subscription(this.#connection, this.#clock, channel, report)
      this.#subscriptions.set(name, subscription)
    }
    const own = subscription
    return {
      ready: own.start(),
      stop: () => {
        remove()
        if (this.#watchers.has(name) || this.#subscriptions.get(name) !== own) return
        this.#subscriptions.delete(name)
        own.stop()
      },
    }
  }

  close(): void {
    this.#watchers.clear()
    for (const subscription of this.#subscriptions.values()) subscription.stop()
    this.#subscriptions.clear()
    if (this.#stopListening !== undefined) endQuietly(this.#stopListening)
  }

  /** Not all at once: each watcher reads its log. */
  async #reconnected(): Promise<void> {
    for (const subscription of this.#subscriptions.values()) {
      await this.#untilIdle()
      subscription.renew()
    }
  }
}
