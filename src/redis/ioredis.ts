/* The connections of an ioredis client. In a cluster its duplicate subscribes at the server that has the log. */
import { ignore } from "../internal/cancel.ts"
import { closedError, type OwnedConnection, retryDelay } from "./connection.ts"

/** What the store uses of a client of `ioredis`: a single server or a cluster. */
export interface IoredisClient {
  /** The state of the connection. */
  readonly status: string
  /** Sends a command. */
  call(command: string, ...args: string[]): Promise<unknown>
  /** Makes a client with the same options. */
  duplicate(...args: never[]): unknown
}

interface Client extends IoredisClient {
  readonly mode?: string
  readonly isCluster?: boolean
  on(event: string, listener: (...args: never[]) => void): unknown
  readonly options?: {
    readonly keyPrefix?: string | undefined
    readonly redisOptions?: { readonly keyPrefix?: string | undefined } | undefined
  }
  disconnect(): void
}

/**
 * Why: a subscription must wait for the connection, however long that takes and whatever the caller's client does. Messages
 * name channels without the prefix that the client puts before keys.
 */
const OPTIONS = { lazyConnect: false, enableOfflineQueue: true, keyPrefix: "" }
/** Those of each connection. A cluster takes the prefix of these if it has none of its own. */
const REDIS_OPTIONS = { keyPrefix: "", commandTimeout: undefined }
const SINGLE = {
  ...OPTIONS,
  ...REDIS_OPTIONS,
  autoResubscribe: true,
  maxRetriesPerRequest: null,
  retryStrategy: retryDelay,
}
const CLUSTER = { ...OPTIONS, shardedSubscribers: true, clusterRetryStrategy: retryDelay }

export class IoredisConnection implements OwnedConnection {
  readonly isSharded: boolean
  readonly #client: Client
  readonly #handlers: Map<string, (message: unknown) => void> = new Map()
  readonly #listeners: Set<() => void> = new Set()
  #subscriber: Client | undefined
  #isClosed = false

  /** @throws TypeError if the client would send the commands and the messages of a log to different servers. */
  constructor(client: IoredisClient) {
    this.#client = client as Client
    this.isSharded = this.#client.isCluster === true
    if (this.isSharded && /[{}]/.test(this.#client.options?.keyPrefix ?? "")) {
      throw new TypeError('Cannot make store: "keyPrefix" of a cluster must have no braces')
    }
  }

  get cannotWait(): boolean {
    return this.isSharded
  }

  get obstacle(): string | undefined {
    if (this.#client.status === "end") return "the client is closed"
    return this.#client.mode === "subscriber" ? "the client has subscriptions" : undefined
  }

  command([name = "", ...args]: readonly string[]): Promise<unknown> {
    return this.#client.call(name, ...args)
  }

  async subscribe(channel: string, onMessage: (message: unknown) => void): Promise<() => void> {
    if (this.#isClosed) throw closedError()
    const own = (this.#subscriber ??= this.#open())
    this.#handlers.set(channel, onMessage)
    const end = () => {
      if (this.#handlers.get(channel) !== onMessage) return
      this.#handlers.delete(channel)
      own.call(this.isSharded ? "sunsubscribe" : "unsubscribe", channel).catch(ignore)
    }
    try {
      await this.#subscribe(own, channel)
    } catch (error) {
      end()
      throw error
    }
    return end
  }

  onReady(listener: () => void): void {
    this.#listeners.add(listener)
  }

  close(): void {
    this.#isClosed = true
    this.#subscriber?.disconnect()
  }

  #subscribe(own: Client, channel: string): Promise<unknown> {
    return own.call(this.isSharded ? "ssubscribe" : "subscribe", channel)
  }

  #open(): Client {
    const duplicate = this.#client.duplicate.bind(this.#client) as (...options: unknown[]) => unknown
    const redisOptions = { ...this.#client.options?.redisOptions, ...REDIS_OPTIONS }
    const made = (this.isSharded ? duplicate([], { ...CLUSTER, redisOptions }) : duplicate(SINGLE)) as Client
    let readies = 0
    made.on("error", ignore)
    made.on(this.isSharded ? "smessage" : "message", (channel: string, message: string) =>
      this.#handlers.get(channel)?.(message),
    )
    made.on(this.isSharded ? "subscribersReady" : "ready", () => {
      if (readies++ > 0) void this.#reconnected(made)
    })
    return made
  }

  /** The client has sent its subscriptions before: when one more is answered, those of its connection stand. */
  async #reconnected(own: Client): Promise<void> {
    const channels = [...this.#handlers.keys()].slice(0, this.isSharded ? Infinity : 1)
    await Promise.allSettled(channels.map((channel) => this.#subscribe(own, channel)))
    for (const listener of this.#listeners) listener()
  }
}
