/* The connections of a client of the package `redis`. */
import { ignore } from "../internal/cancel.ts"
import { type OwnedConnection, retryDelay } from "./connection.ts"

/** What the store uses of a client of `redis`: of `createClient()` or `createCluster()`. */
export interface NodeRedisClient {
  /** Whether the client was connected and not closed. */
  readonly isOpen: boolean
  /** Sends a command. */
  sendCommand(...args: never[]): Promise<unknown>
  /** Makes a client with the same options. */
  duplicate(...args: never[]): unknown
}

interface Client extends NodeRedisClient {
  readonly options?: { readonly socket?: object } | undefined
  on(event: string, listener: (...args: never[]) => void): unknown
  connect(): Promise<unknown>
  subscribe(channel: string, listener: (message: unknown) => void): Promise<unknown>
  unsubscribe(channel: string, listener: (message: unknown) => void): Promise<unknown>
  destroy(): void
}

export function nodeRedisConnection(client: NodeRedisClient): OwnedConnection {
  const listeners = new Set<() => void>()
  let subscriber: Client | undefined
  const open = (): Client => {
    // Why: a subscription must wait for the connection, however long that takes and whatever the caller's client does.
    const socket = { ...(client as Client).options?.socket, reconnectStrategy: retryDelay }
    const duplicate = client.duplicate.bind(client) as (options: object) => unknown
    const made = duplicate({ disableOfflineQueue: false, socket }) as Client
    let readies = 0
    made.on("error", ignore)
    // The client is ready when its subscriptions stand.
    made.on("ready", () => {
      if (readies++ > 0) for (const listener of listeners) listener()
    })
    made.connect().catch(ignore)
    return made
  }
  const send = client.sendCommand.bind(client) as (args: readonly string[]) => Promise<unknown>
  return {
    isSharded: false,
    get obstacle() {
      return client.isOpen ? undefined : "the client is not connected"
    },
    command: (args) => send(args),
    subscribe: async (channel, onMessage) => {
      const own = (subscriber ??= open())
      await own.subscribe(channel, onMessage)
      return () => void own.unsubscribe(channel, onMessage).catch(ignore)
    },
    onReady: (listener) => {
      listeners.add(listener)
    },
    close: () => {
      if (subscriber?.isOpen === true) subscriber.destroy()
    },
  }
}
