/* The connections of a client of the package `redis`. */
import { ignore } from "../internal/cancel.ts"
import type { OwnedConnection } from "./connection.ts"

/** What the store uses of a client of `redis`: of `createClient()` or `createCluster()`. */
export interface NodeRedisClient {
  /** Whether the client was connected and not closed. */
  readonly isOpen: boolean
  /** Sends a command. */
  sendCommand(...args: never[]): Promise<unknown>
  /** Makes a client with the same options. */
  duplicate(...args: never[]): unknown
}

interface Subscriber extends NodeRedisClient {
  on(event: string, listener: (...args: never[]) => void): unknown
  connect(): Promise<unknown>
  subscribe(channel: string, listener: (message: unknown) => void): Promise<unknown>
  unsubscribe(channel: string, listener: (message: unknown) => void): Promise<unknown>
  destroy(): void
}

/** Why: a subscription must wait for the connection, whatever the caller's client does. */
const OPTIONS = { disableOfflineQueue: false }

export function nodeRedisConnection(client: NodeRedisClient): OwnedConnection {
  const listeners = new Set<() => void>()
  let subscriber: Subscriber | undefined
  const open = (): Subscriber => {
    const made = (client.duplicate as (options: object) => unknown)(OPTIONS) as Subscriber
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
