/* The connections of an ioredis client. */
import { ignore } from "../internal/cancel.ts"
import { type OwnedConnection, retryDelay } from "./connection.ts"

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
  on(event: string, listener: (...args: never[]) => void): unknown
  subscribe(...channels: string[]): Promise<unknown>
  unsubscribe(...channels: string[]): Promise<unknown>
  disconnect(): void
}

/** Why: a subscription must wait for the connection, however long that takes and whatever the caller's client does. */
const OPTIONS = {
  lazyConnect: false,
  enableOfflineQueue: true,
  autoResubscribe: true,
  maxRetriesPerRequest: null,
  retryStrategy: retryDelay,
}

export function ioredisConnection(client: IoredisClient): OwnedConnection {
  const handlers = new Map<string, (message: unknown) => void>()
  const listeners = new Set<() => void>()
  let subscriber: Client | undefined
  const open = (): Client => {
    const duplicate = client.duplicate.bind(client) as (options: object) => unknown
    const made = duplicate(OPTIONS) as Client
    let readies = 0
    made.on("error", ignore)
    made.on("message", (channel: string, message: string) => handlers.get(channel)?.(message))
    made.on("ready", () => {
      const [channel] = handlers.keys()
      if (readies++ === 0 || channel === undefined) return
      // The client has sent its subscriptions before: when this one is answered, they stand.
      made.subscribe(channel).then(() => {
        for (const listener of listeners) listener()
      }, ignore)
    })
    return made
  }
  return {
    isSharded: false,
    get obstacle() {
      if (client.status === "end") return "the client is closed"
      return (client as Client).mode === "subscriber" ? "the client has subscriptions" : undefined
    },
    command: ([name = "", ...args]) => client.call(name, ...args),
    subscribe: async (channel, onMessage) => {
      const own = (subscriber ??= open())
      handlers.set(channel, onMessage)
      const end = () => {
        if (handlers.get(channel) !== onMessage) return
        handlers.delete(channel)
        own.unsubscribe(channel).catch(ignore)
      }
      try {
        await own.subscribe(channel)
      } catch (error) {
        end()
        throw error
      }
      return end
    },
    onReady: (listener) => {
      listeners.add(listener)
    },
    close: () => subscriber?.disconnect(),
  }
}
