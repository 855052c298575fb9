/* Recognizes the clients by their structure. No client is imported. */
import { type IoredisClient, IoredisConnection } from "./ioredis.ts"
import { nodeRedisConnection, type NodeRedisClient } from "./node-redis.ts"
import type { OwnedConnection, RedisConnection } from "./connection.ts"

/** A client of the package `redis` or `ioredis`, of version 5 or later, or connections of another client. */
export type RedisClientLike = NodeRedisClient | IoredisClient | RedisConnection

type Shape = Partial<
  Record<"command" | "subscribe" | "call" | "duplicate" | "sendCommand" | "status" | "isOpen" | "acquire", unknown>
>

/**
 * Returns the connections of a client.
 *
 * @throws TypeError if it is none.
 */
export function connectionOf(client: unknown): OwnedConnection {
  const shape = (typeof client === "object" ? (client ?? {}) : {}) as Shape
  const has = (...names: (keyof Shape)[]) => names.every((name) => typeof shape[name] === "function")
  // One of `redis` has methods of these names, but they take other arguments.
  const isSentinel = has("sendCommand", "acquire")
  if (has("call", "duplicate") && typeof shape.status === "string")
    return new IoredisConnection(client as IoredisClient)
  if (!isSentinel && has("sendCommand", "duplicate") && typeof shape.isOpen === "boolean")
    return nodeRedisConnection(client as NodeRedisClient)
  if (!isSentinel && has("command", "subscribe")) {
    const connection = client as RedisConnection
    return {
      isSharded: connection.isSharded === true,
      command: (args, key) => connection.command(args, key),
      subscribe: (channel, onMessage) => connection.subscribe(channel, onMessage),
      onReady: (listener) => connection.onReady?.(listener),
      close: () => {},
    }
  }
  throw new TypeError(
    'Cannot make store: "client" must be a client of redis or ioredis from version 5, or have command() and subscribe()',
  )
}
