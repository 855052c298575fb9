/* The connections of a client of the package `redis`. */
import { ignore } from "../internal/cancel.ts"
import { closedError, type OwnedConnection, retryDelay } from "./connection.ts"

/** What the store uses of a client of `redis`: of `createClient()` or `createCluster()`. */
export interface NodeRedisClient {
  /** Whether the client was connected and not closed. */
  readonly isOpen: boolean
  /** Sends a command. */
  sendCommand(...args: never[]): Promise<unknown>
  /** Makes a client with the same options. */
  duplicate(...args: never[]): unknown
}

type Subscribe = (channel: string, listener: (message: unknown) => void) => Promise<unknown>

interface Client extends NodeRedisClient {
  readonly options?: { readonly socket?: object } | undefined
  readonly slots?: readonly unknown[]
  on(event: string, listener: (...args: never[]) => void): unknown
  off(event: string, listener: (...args: never[]) => void): unknown
  connect(): Promise<unknown>
  destroy(): void
  readonly subscribe: Subscribe
  readonly unsubscribe: Subscribe
  readonly sSubscribe: Subscribe
  readonly sUnsubscribe: Subscribe
}

/** Returns the connections of a client of one server, or of a cluster. */
export function nodeRedisConnection(client: NodeRedisClient): OwnedConnection {
  return Array.isArray((client as Client).slots)
    ? new NodeRedisCluster(client as Client)
    : new NodeRedisConnection(client as Client)
}

class NodeRedisConnection implements OwnedConnection {
  readonly isSharded: boolean = false
  readonly #client: Client
  readonly #listeners: Set<() => void> = new Set()
  #subscriber: Client | undefined
  /** Whether a subscription has failed. */
  #hasFailed = false
  #isClosed = false

  constructor(client: Client) {
    this.#client = client
  }

  get obstacle(): string | undefined {
    return this.#client.isOpen ? undefined : "the client is not connected, so call connect() first"
  }

  command(args: readonly string[]): Promise<unknown> {
    return this.#client.sendCommand(...([args] as never[]))
  }

  async subscribe(channel: string, onMessage: (message: unknown) => void): Promise<() => void> {
    if (this.#isClosed) throw closedError()
    const own = (this.#subscriber ??= this.#open())
    try {
      await own.subscribe(channel, onMessage)
    } catch (error) {
      this.#hasFailed = true
      throw error
    }
    return () => void own.unsubscribe(channel, onMessage).catch(ignore)
  }

  onReady(listener: () => void): void {
    this.#listeners.add(listener)
  }

  close(): void {
    this.#isClosed = true
    if (this.#subscriber?.isOpen === true) this.#subscriber.destroy()
  }

  #open(): Client {
    // Why: a subscription must wait for the connection, however long that takes and whatever the caller's client does.
    const socket = { ...this.#client.options?.socket, reconnectStrategy: retryDelay }
    const made = this.#client.duplicate(...([{ disableOfflineQueue: false, socket }] as never[])) as Client
    let readies = 0
    made.on("error", ignore)
    // The client is ready when its subscriptions stand, except those that failed because a connection ended before it was ready.
    made.on("ready", () => {
      if (readies++ > 0 || this.#hasFailed) for (const listener of this.#listeners) listener()
    })
    made.connect().catch(ignore)
    return made
  }
}

/** A cluster has connections for subscriptions by itself: one to each server that has the log of one. */
class NodeRedisCluster implements OwnedConnection {
  readonly isSharded: boolean = true
  readonly #client: Client
  readonly #channels: Set<string> = new Set()

  constructor(client: Client) {
    this.#client = client
  }

  get obstacle(): string | undefined {
    return this.#client.isOpen ? undefined : "the client is not connected, so call connect() first"
  }

  command(args: readonly string[], key: string): Promise<unknown> {
    return this.#client.sendCommand(...([key, false, args] as never[]))
  }

  async subscribe(channel: string, onMessage: (message: unknown) => void): Promise<() => void> {
    await this.#client.sSubscribe(channel, onMessage)
    this.#channels.add(channel)
    return () => {
      this.#channels.delete(channel)
      this.#client.sUnsubscribe(channel, onMessage).catch(ignore)
    }
  }

  onReady(listener: () => void): () => void {
    const onReconnecting = () => {
      const probes = Array.from(this.#channels, (channel) => this.#probe(channel))
      void Promise.allSettled(probes).then(listener)
    }
    this.#client.on("node-reconnecting", onReconnecting)
    return () => void this.#client.off("node-reconnecting", onReconnecting)
  }

  close(): void {}

  /**
   * Resolves when the subscription to a channel stands again. Why: a client reports for its first connection alone that it is
   * ready, and subscribes again before it sends anything else.
   */
  async #probe(channel: string): Promise<void> {
    // It has the hash tag of the channel, and so the same connection.
    const other = `${channel}?`
    await this.#client.sSubscribe(other, ignore)
    await this.#client.sUnsubscribe(other, ignore)
  }
}
