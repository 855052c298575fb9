/*
 * The subscriptions of the watched logs: one for each log, however many watch it. When a subscription stands, and when the
 * subscriber has reconnected, its watchers are told to look: what was published before is lost.
 */
import { ignore } from "../internal/cancel.ts"
import { LogWatchers, type StoreNews, type StoreWatch } from "../server/store/index.ts"
import type { OwnedConnection } from "./connection.ts"
import { readNews, textOf } from "./replies.ts"

interface LogWatch extends Pick<StoreWatch, "stop"> {
  /** Resolves when the subscription stands. */
  readonly ready: Promise<void>
}

export class LogNews {
  readonly #connection: OwnedConnection
  readonly #untilIdle: () => Promise<void>
  readonly #watchers: LogWatchers = new LogWatchers()
  readonly #subscriptions: Map<string, Subscription> = new Map()
  #stopListening: (() => unknown) | void = undefined
  #isListening = false

  /** @param untilIdle - Resolves when the store has room for many reads. */
  constructor(connection: OwnedConnection, untilIdle: () => Promise<void>) {
    this.#connection = connection
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
      subscription = new Subscription(this.#connection, channel, report)
      this.#subscriptions.set(name, subscription)
    }
    const own = subscription
    return {
      ready: own.ready,
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
    this.#stopListening?.()
  }

  /** Not all at once: each watcher reads its log. */
  async #reconnected(): Promise<void> {
    for (const subscription of this.#subscriptions.values()) {
      await this.#untilIdle()
      subscription.renew()
    }
  }
}

class Subscription {
  readonly ready: Promise<void>
  readonly #connection: OwnedConnection
  readonly #channel: () => Promise<string>
  readonly #report: (news: StoreNews | undefined) => void
  #end: (() => unknown) | undefined
  #isPending = false
  #isStopped = false

  constructor(
    connection: OwnedConnection,
    channel: () => Promise<string>,
    report: (news: StoreNews | undefined) => void,
  ) {
    this.#connection = connection
    this.#channel = channel
    this.#report = report
    this.ready = this.#subscribe()
    this.ready.catch(ignore)
  }

  /** Reports that there may be news; subscribes again if that has failed. */
  renew(): void {
    if (this.#isStopped) return
    if (this.#end !== undefined) this.#report(undefined)
    else if (!this.#isPending) this.#subscribe().catch(ignore)
  }

  stop(): void {
    this.#isStopped = true
    const end = this.#end
    this.#end = undefined
    if (end !== undefined) Promise.resolve(end()).catch(ignore)
  }

  async #subscribe(): Promise<void> {
    this.#isPending = true
    try {
      const onMessage = (message: unknown) => {
        if (!this.#isStopped) this.#report(readNews(textOf(message)))
      }
      this.#end = await this.#connection.subscribe(await this.#channel(), onMessage)
    } finally {
      this.#isPending = false
    }
    if (this.#isStopped) this.stop()
    else this.#report(undefined)
  }
}
