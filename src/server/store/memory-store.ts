/*
 * The event store of one process. Every operation is one synchronous step, so that none sees another half done; news is
 * reported after the step. No operation sets a timer: what is out of date is dropped when its log is used, or by the
 * appends to other logs.
 */
import { reasonOf } from "../../internal/abort-listener.ts"
import { type Clock, systemClock } from "../../internal/clock.ts"
import { checkNumber, checkOptions, CLOCK, type OptionKinds, withDefaults } from "../../internal/option-checks.ts"
import { readLimits, refuseAppend, type SizedText, sizedTexts } from "./store-checks.ts"
import { logEpoch, newEpoch } from "./cursor.ts"
import type {
  EventStore,
  LogEnd,
  LogEventInit,
  Position,
  StoreAppended,
  StoreAppendOptions,
  StoreClaim,
  StoreClaimOptions,
  StoreNews,
  StorePage,
  StoreReadOptions,
  StoreWatch,
} from "./event-store.ts"
import { LogFloors } from "./log-floors.ts"
import { LogWatchers } from "./log-watchers.ts"
import { MemoryLog } from "./memory-log.ts"
import { MemoryLogs } from "./memory-logs.ts"
import { SseStoreError } from "./store-error.ts"

/** Options of {@link memoryStore}. */
export interface MemoryStoreOptions {
  /** What is kept of each log without a lease; whichever limit is reached first counts. */
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
         * Milliseconds that an event is kept. A log that was not used for that long, and is not watched, is freed.
         * @defaultValue `300_000`
         */
        readonly age?: number | undefined
      }
    | undefined
  /**
   * The bytes of all logs: those of their texts, 192 for each event, and 640 and the name for each log. Above it the least
   * recently written logs are freed first; an append that does not fit beside the running logs rejects with `"limit"`.
   * @defaultValue `67_108_864`
   */
  readonly maxBytes?: number | undefined
  /** The clock of ages and leases, and the source of the epoch. */
  readonly clock?: Clock | undefined
}

/**
 * Makes the store of one process: its logs live in memory, and end with it. A cursor of an earlier process is a gap.
 *
 * @throws RangeError if a limit is less than 1, TypeError if an option is of a wrong kind.
 * @example
 * ```ts
 * import { memoryStore } from "steadystream/server"
 *
 * const store = memoryStore({ retention: { events: 100, age: 60_000 } })
 * await store.append("room:7", [{ text: "data: hello\n\n" }])
 * const { events, state } = await store.read("room:7", "start")
 * console.log(events.length, state.last === events[0]?.cursor) // 1 true
 * ```
 */
export function memoryStore(options: MemoryStoreOptions = {}): EventStore {
  return new MemoryStore(options)
}

const KINDS: OptionKinds<MemoryStoreOptions> = { retention: "an object", maxBytes: true, clock: CLOCK }
const RETENTION = { events: 1_000, bytes: 1_048_576, age: 300_000 }
const MAX_BYTES = 67_108_864
/** The other logs that an append updates: more than one, so that logs are freed faster than they are made. */
const UPDATED_LOGS = 2

class MemoryStore implements EventStore {
  readonly #clock: Clock
  readonly #retention: typeof RETENTION
  readonly #watchers: LogWatchers = new LogWatchers()
  readonly #floors: LogFloors = new LogFloors()
  readonly #logs: MemoryLogs
  #unchecked: Iterator<MemoryLog> | undefined
  #leases = 0
  #epoch: string | undefined
  #isClosed = false

  constructor(options: MemoryStoreOptions) {
    checkOptions(options, KINDS)
    this.#clock = options.clock ?? systemClock
    this.#retention = withDefaults("retention", options.retention, RETENTION, 1)
    this.#logs = new MemoryLogs(checkNumber("maxBytes", options.maxBytes ?? MAX_BYTES, 1), this.#watchers, this.#floors)
  }

  append(name: string, events: readonly LogEventInit[], options: StoreAppendOptions = {}): Promise<StoreAppended> {
    return this.#step(name, options.signal, (now) => this.#append(name, sizedTexts(events), options, now))
  }

  read(name: string, after: Position, options: StoreReadOptions = {}): Promise<StorePage> {
    return this.#step(name, options.signal, (now) => {
      const { maxEvents, maxBytes } = readLimits(after, options)
      const log = this.#find(name, now) ?? this.#absent(name, now)
      log.usedAt = now
      return log.read(after, maxEvents, maxBytes, now)
    })
  }

  watch(name: string, onNews: (news: StoreNews | undefined) => void): StoreWatch {
    if (typeof onNews !== "function") throw new TypeError('Cannot watch: "onNews" must be a function')
    let stop: (() => void) | undefined
    const ready = this.#step(name, undefined, () => {
      this.#floors.pin(name)
      stop = this.#watchers.add(name, onNews)
    })
    ready.catch(() => {})
    return {
      ready,
      stop: () => {
        stop?.()
        if (this.#watchers.has(name)) return
        this.#floors.unpin(name)
        const log = this.#logs.get(name)
        if (log !== undefined) log.usedAt = this.#clock.now()
      },
    }
  }

  claim(name: string, options: StoreClaimOptions): Promise<StoreClaim> {
    return this.#step(name, undefined, (now): StoreClaim => {
      const { ttl, lease, takeOver = false } = options
      checkNumber("ttl", ttl, 1)
      checkNumber("lease", lease, 1)
      const found = this.#find(name, now)
      if (found !== undefined && found.status !== "open" && !takeOver)
        return { lease: undefined, state: found.stateAt(now) }
      const log = found ?? this.#absent(name, now)
      this.#reserve(log, [], true, now)
      const token = `${log.epoch}.${++this.#leases}`
      log.lease = { token, ttl, ms: lease }
      log.end = undefined
      log.writtenAt = now
      this.#logs.keep(log)
      this.#watchers.post(name, undefined)
      return { lease: token, position: log.position }
    })
  }

  cancel(name: string, reason?: string): Promise<boolean> {
    return this.#step(name, undefined, (now) => {
      const log = this.#find(name, now)
      if (log?.status !== "running") return false
      this.#finish(log, { status: "cancelled", ...(reason !== undefined && { detail: reason }) }, reason ?? "")
      return true
    })
  }

  drop(name: string): Promise<void> {
    return this.#step(name, undefined, () => {
      const log = this.#logs.get(name)
      if (log === undefined) return
      this.#logs.free(log)
      this.#watchers.post(name, undefined)
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#logs.clear()
    this.#watchers.clear()
  }

  /** Does one operation, and then reports its news. */
  async #step<Result>(name: string, signal: AbortSignal | undefined, run: (now: number) => Result): Promise<Result> {
    if (typeof name !== "string") throw new TypeError(`Cannot use log: the name must be a string, not ${typeof name}`)
    if (this.#isClosed) {
      throw new SseStoreError("Cannot use log: the store is closed", "store-unavailable", { retryable: false })
    }
    if (signal?.aborted === true) throw reasonOf(signal)
    try {
      return run(this.#clock.now())
    } finally {
      this.#watchers.report()
    }
  }

  #append(name: string, texts: readonly SizedText[], options: StoreAppendOptions, now: number): StoreAppended {
    const { lease, dedupe, end, mustExist } = options
    const found = this.#find(name, now)
    const earlier = found?.duplicateOf(dedupe)
    if (earlier !== undefined) return { cursors: earlier, duplicate: true }
    refuseAppend(found, lease, mustExist)
    if (found === undefined && texts.length === 0 && end === undefined) return { cursors: [], duplicate: false }
    const log = found ?? this.#absent(name, now)
    this.#reserve(log, texts, log.lease !== undefined, now)
    const after = log.position
    const events = log.add(texts, now)
    const cursors = events.map(({ cursor }) => cursor)
    if (dedupe !== undefined) log.remember(dedupe, cursors)
    if (end !== undefined) log.end = end
    if (log.lease === undefined) log.trimToFit(this.#retention.events, this.#retention.bytes)
    this.#logs.keep(log)
    this.#updateOthers(now)
    if (events.length > 0 || end !== undefined) this.#watchers.post(name, { after, events, ...(end && { end }) })
    return { cursors, duplicate: false }
  }

  /** The log of that name as it is now. */
  #find(name: string, now: number): MemoryLog | undefined {
    const log = this.#logs.get(name)
    return log !== undefined && this.#update(log, now) ? log : undefined
  }

  /** A log that is not kept yet, at the position that a log of that name has while it does not exist. */
  #absent(name: string, now: number): MemoryLog {
    this.#epoch ??= newEpoch(this.#clock)
    return new MemoryLog(name, logEpoch(this.#epoch, name), this.#floors.of(name), now)
  }

  /** Applies what time has done to a log. Returns whether the log still exists. */
  #update(log: MemoryLog, now: number): boolean {
    const overdue = log.isOverdue(now)
    const oldest = now - this.#retention.age
    const isUnused = log.lease === undefined && log.usedAt <= oldest && !this.#watchers.has(log.name)
    if (overdue === "dropped" || isUnused) {
      this.#logs.free(log)
      return false
    }
    if (overdue === "lost") this.#finish(log, { status: "lost" })
    if (log.lease === undefined) log.trimUntil(oldest)
    this.#logs.count(log)
    return true
  }

  /** Updates a few other logs, so that those that are never used again are freed. */
  #updateOthers(now: number): void {
    for (let updated = 0; updated < UPDATED_LOGS; updated++) {
      this.#unchecked ??= this.#logs.values()
      const { value: log, done } = this.#unchecked.next()
      if (done === true) this.#unchecked = undefined
      else this.#update(log, now)
    }
  }

  #reserve(log: MemoryLog, texts: readonly SizedText[], isWhole: boolean, now: number): void {
    if (this.#logs.canFit(log, texts, isWhole)) return
    // A running log may have been lost since it was last used.
    for (const other of this.#logs.values()) if (other !== log) this.#update(other, now)
    if (this.#logs.canFit(log, texts, isWhole)) return
    throw new SseStoreError('Cannot store events: they exceed "maxBytes" beside the running logs', "limit")
  }

  #finish(log: MemoryLog, end: LogEnd, cancel?: string): void {
    log.end = end
    this.#logs.count(log)
    this.#watchers.post(log.name, { after: log.position, events: [], end, ...(cancel !== undefined && { cancel }) })
  }
}
