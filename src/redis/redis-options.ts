/* The options of the Redis store. */
import { type Clock, systemClock } from "../internal/clock.ts"
import { checkNumber, checkOptions, CLOCK, type OptionKinds, withDefaults } from "../internal/option-checks.ts"

/** Options of {@link redisStore}. */
export interface RedisStoreOptions {
  /**
   * The begin of every key and channel, without braces. Stores with the same prefix have the same logs.
   * @defaultValue `"steadystream:"`
   */
  readonly prefix?: string | undefined
  /**
   * What is kept of each log without a lease; whichever limit is reached first counts. Up to 115 events and 64 KiB more are
   * kept, because events are trimmed in groups. If an event alone has more than 64 KiB, up to its size more is kept.
   */
  readonly retention?:
    | {
        /**
         * The number of events of a log, at least 1.
         * @defaultValue `1_000`
         */
        readonly events?: number | undefined
        /**
         * The bytes of UTF-8 of a log's texts, at least 1. The newest event is kept even if it alone exceeds this.
         * @defaultValue `1_048_576`
         */
        readonly bytes?: number | undefined
        /**
         * Milliseconds that an event is kept; the next append after a tenth more removes it, at least 128 at a time. The
         * position of a log is kept for 7 days.
         * @defaultValue `300_000`
         */
        readonly age?: number | undefined
      }
    | undefined
  /**
   * Milliseconds after which an operation without a reply rejects with `"store-unavailable"`, at least 1. An append that waits
   * for earlier ones of its log may take twice as long.
   * @defaultValue `2_000`
   */
  readonly publishTimeout?: number | undefined
  /**
   * The operations that may wait for replies at the same time, at least 1; another one rejects with `"store-unavailable"`.
   * Watches do not count. A command that the client keeps after its operation was rejected counts, so while Redis is away the
   * client keeps no more than this.
   * @defaultValue `1_000`
   */
  readonly maxWaiting?: number | undefined
  /**
   * The replicas that must have a change before its operation resolves, by the command WAIT. With fewer it rejects with
   * `"store-unavailable"`, and the change may be stored. Meanwhile all other operations of the store wait, too. A cluster of
   * `ioredis` cannot do this.
   * @defaultValue `0`
   */
  readonly wait?: number | undefined
  /** The clock of the timeout, and the source of epochs. Leases and ages use the clock of Redis. */
  readonly clock?: Clock | undefined
}

export interface RedisSettings {
  readonly prefix: string
  readonly limits: readonly string[]
  readonly timeout: number
  readonly maxWaiting: number
  readonly replicas: number
  readonly clock: Clock
}

const KINDS: OptionKinds<RedisStoreOptions> = {
  prefix: "a string",
  retention: "an object",
  publishTimeout: true,
  maxWaiting: true,
  wait: true,
  clock: CLOCK,
}
const RETENTION = { age: 300_000, events: 1_000, bytes: 1_048_576 }

/** About 3,000 years: the largest time that Redis adds to its own. */
const LONGEST = 1e14

/** @throws TypeError, RangeError if an option is not valid. */
export function settingsOf(options: RedisStoreOptions): RedisSettings {
  checkOptions(options, KINDS)
  const { prefix = "steadystream:", publishTimeout = 2_000, maxWaiting = 1_000, clock = systemClock } = options
  if (/[{}]/.test(prefix)) throw new RangeError('Cannot use options: "prefix" must have no braces')
  const { age, events, bytes } = withDefaults("retention", options.retention, RETENTION, 1)
  return {
    prefix,
    clock,
    limits: [durationText(age), countText(events), countText(bytes)],
    timeout: checkNumber("publishTimeout", publishTimeout, 1),
    maxWaiting: checkNumber("maxWaiting", maxWaiting, 1),
    replicas: checkNumber("wait", options.wait ?? 0),
  }
}

/** Returns milliseconds as a whole number, as Redis wants it. */
export function durationText(ms: number): string {
  return String(Math.min(LONGEST, Math.ceil(ms)))
}

/** Returns a limit as a whole number, as Redis wants it. */
export function countText(count: number): string {
  return String(Math.min(Number.MAX_SAFE_INTEGER, Math.floor(count)))
}
