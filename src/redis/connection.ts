/* What the store needs of Redis: commands on one connection, and messages on another. */
import { SseStoreError } from "../server/store/index.ts"

/**
 * The connections of a {@link redisStore} without a known client.
 *
 * @example
 * ```ts
 * import type { RedisConnection } from "steadystream/redis"
 *
 * declare const commands: { send(name: string, args: string[]): Promise<unknown> }
 * declare const messages: { listen(channel: string, onMessage: (message: string) => void): Promise<() => Promise<void>> }
 *
 * const connection: RedisConnection = {
 *   command: ([name = "", ...args]) => commands.send(name, args),
 *   subscribe: (channel, onMessage) => messages.listen(channel, onMessage),
 * }
 * ```
 */
export interface RedisConnection {
  /**
   * Sends one command and returns its reply; rejects with the error of the server. Strings of a reply may be bytes, and
   * numbers may be strings.
   *
   * @param key - A key of the command, which in a cluster decides about the server.
   */
  command(args: readonly string[], key: string): Promise<unknown>
  /**
   * Subscribes to a channel on a connection that stays subscribed when it reconnects.
   *
   * @returns When the subscription stands: a function that ends it.
   */
  subscribe(channel: string, onMessage: (message: unknown) => void): Promise<() => unknown>
  /**
   * Calls `listener` after each reconnection of the subscriber, when its subscriptions stand again.
   *
   * @returns A function that removes the listener.
   */
  onReady?(listener: () => void): (() => unknown) | void
  /**
   * Whether messages are published and subscribed to with SPUBLISH and SSUBSCRIBE.
   * @defaultValue `false`
   */
  readonly isSharded?: boolean | undefined
}

/** Returns the delay before a subscriber connects again, in milliseconds. */
export function retryDelay(attempts: number): number {
  return Math.min(2_000, 50 * 2 ** Math.min(attempts, 6))
}

/** The error of what comes after the close of a store. */
export function closedError(): SseStoreError {
  return new SseStoreError("Cannot use log: the store is closed", "store-unavailable", { retryable: false })
}

/** A connection that the store has opened and closes. */
export interface OwnedConnection extends RedisConnection {
  readonly isSharded: boolean
  /** Why commands fail at present, for a reason that the caller can fix, as the end of a sentence. */
  readonly obstacle?: string | undefined
  /** Whether WAIT may go to another server than the command before it. */
  readonly cannotWait?: boolean
  close(): void
}
