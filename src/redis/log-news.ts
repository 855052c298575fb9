/*
 * The subscriptions of the watched logs: one for each log, however many watch it. When the subscriber has reconnected, every
 * watcher is told to look.
 */
import { ignore } from "../internal/cancel.ts"
import { LogWatchers, type StoreNews, type StoreWatch } from "../server/store/index.ts"
import type { OwnedConnection } from "./connection.ts"
import { readNews, textOf } from "./replies.ts"

interface Subscription {
  /** Resolves when the subscription stands. */
  readonly ready: Promise<unknown>
  readonly stop: () => void
}

export class LogNews {
  readonly #connection: OwnedConnection
  readonly #watchers: LogWatchers = new LogWatchers()
  readonly #subscriptions: Map<string, Subscription> = new Map()
  #stopListening: (() => unknown) | void = undefined
  #isListening = false

  constructor(connection: OwnedConnection) {
    this.#connection = connection
  }

  /** @param channel - Called once: the channel of the log. */
  watch(
    name: string,
    onNews: (news: StoreNews | undefined) => void,
    channel: () => Promise<string>,
  ): Pick<StoreWatch, "stop"> & { readonly ready: Promise<unknown> } {
    this.#listen()
    const remove = this.#watchers.add(name, onNews)
    const subscription = this.#subscriptions.get(name) ?? this.#subscribe(name, channel)
    this.#subscriptions.set(name, subscription)
    return {
      ready: subscription.ready,
      stop: () => {
        remove()
        if (this.#watchers.has(name) || this.#subscriptions.get(name) !== subscription) return
        this.#subscriptions.delete(name)
        subscription.stop()
      },
    }
  }

  close(): void {
    this.#watchers.clear()
    for (const { stop } of this.#subscriptions.values()) stop()
    this.#subscriptions.clear()
    this.#stopListening?.()
  }

  #listen(): void {
    if (this.#isListening) return
    this.#isListening = true
    this.#stopListening = this.#connection.onReady?.(() => {
      for (const name of this.#subscriptions.keys()) this.#report(name, undefined)
    })
  }

  #subscribe(name: string, channel: () => Promise<string>): Subscription {
    let isStopped = false
    const onMessage = (message: unknown) => {
      if (!isStopped) this.#report(name, readNews(textOf(message)))
    }
    const subscribing = channel().then((found) => this.#connection.subscribe(found, onMessage))
    subscribing.catch(ignore)
    const stop = () => {
      isStopped = true
      subscribing.then((unsubscribe) => unsubscribe()).catch(ignore)
    }
    return { ready: subscribing, stop }
  }

  #report(name: string, news: StoreNews | undefined): void {
    this.#watchers.post(name, news)
    this.#watchers.report()
  }
}
