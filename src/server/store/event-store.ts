/*
 * The contract of event stores. A store keeps logs of event-stream text by name. Every operation is atomic; what an
 * operation has stored, each later operation sees, on every handle of the store.
 */

/**
 * The place of one event in a log, as text: `<epoch>-<sequence>`.
 *
 * The epoch has 1 to 64 characters of `A-Z`, `a-z`, `0-9` and `_`, and changes when the store may have lost the log. The
 * sequence is an integer from 0 to 2^53 - 1 without leading zeros, and the events of a log have consecutive sequences. So
 * a cursor can be sent as an event's `id`, and it never contains a comma, a colon or a line break.
 */
export type Cursor = string

/**
 * A place between two events of a log: after the event of a {@link Cursor}, `"start"` (before the oldest event that is
 * kept) or `"end"` (after the newest event).
 *
 * The text of a client may be used as a position: text that is no cursor of the log is answered by a {@link StoreGap}.
 * Only the words `"start"` and `"end"` are never a gap.
 */
export type Position = Cursor

/** An event before it is stored. */
export interface LogEventInit {
  /** The encoded block of the event, with its blank line and without `id`. A store returns it unchanged. */
  readonly text: string
}

/** A stored event. */
export interface LogEvent extends LogEventInit {
  /** The place of the event. */
  readonly cursor: Cursor
  /** When the event was stored, in milliseconds of the store's clock: only differences have a meaning. */
  readonly time: number
}

/** How a log ended. A log ends at most once, except that a claim with `takeOver` reopens it. */
export interface LogEnd {
  /**
   * `"done"`: whole. `"failed"`: its source failed. `"cancelled"`: {@link EventStore.cancel} was called. `"lost"`: its
   * lease ran out.
   */
  readonly status: "done" | "failed" | "cancelled" | "lost"
  /** Text for people or programs, such as the reason of a cancel. */
  readonly detail?: string | undefined
}

/** The state of a log. A log that does not exist has the state of an empty one that is `"open"`. */
export interface LogState {
  /** `"open"`: no producer has claimed the log. `"running"`: a producer holds its lease. Otherwise as {@link LogEnd}. */
  readonly status: "open" | "running" | LogEnd["status"]
  /** The position before the oldest event that is kept; equal to `last` if none is kept. */
  readonly first: Cursor
  /** The cursor of the newest event, also if it is no longer kept. */
  readonly last: Cursor
  /** The detail of the end. */
  readonly detail?: string | undefined
  /** Milliseconds until the lease ends, at least 1; only while the log is running. */
  readonly leaseLeft?: number | undefined
}

/**
 * Why a position is not one of the log. `"unknown"`: not a cursor. `"epoch"`: a cursor of another life of the log, or of
 * another store. `"trimmed"`: events after the cursor are no longer kept. `"future"`: no event has this cursor yet.
 */
export type GapReason = "unknown" | "epoch" | "trimmed" | "future"

/** The answer to a position that is not one of the log: events may be missing between it and `resumesAt`. */
export interface StoreGap {
  /** Why there is a gap. */
  readonly reason: GapReason
  /** Where the page begins instead: always the `first` of the log's state. */
  readonly resumesAt: Cursor
}

/** A hint that a log has changed. News may be lost, late or doubled: compare `after` with the position read so far. */
export interface StoreNews {
  /** The position before `events`. */
  readonly after: Cursor
  /** What was appended in one step; empty if only the state has changed. */
  readonly events: readonly LogEvent[]
  /** The end of the log, if it has ended in this step. */
  readonly end?: LogEnd | undefined
  /** The reason that {@link EventStore.cancel} was called with, `""` if without one. */
  readonly cancel?: string | undefined
}

/**
 * Marks an append, so that it can be repeated after a failure. An append whose `seq` is not above that of the producer's
 * last append to this log is a duplicate. A store remembers at least the last 100 producers of a log.
 */
export interface StoreDedupe {
  /** The name of the caller, unique among all handles of the store. */
  readonly producer: string
  /** The number of the append; rises by at least 1 with each append of this producer to this log. */
  readonly seq: number
}

/** Options of {@link EventStore.append}. */
export interface StoreAppendOptions {
  /** The lease from {@link EventStore.claim}; needed while the log is running. The append renews it. */
  readonly lease?: string | undefined
  /** Stores a repeated append once. */
  readonly dedupe?: StoreDedupe | undefined
  /** Ends the log in the same step. */
  readonly end?: LogEnd | undefined
  /**
   * Rejects with `"ended"` if the log does not exist.
   * @defaultValue `false`: creates the log
   */
  readonly mustExist?: boolean | undefined
  /** If it is aborted before the append is stored, the append rejects with its reason and stores nothing. */
  readonly signal?: AbortSignal | undefined
}

/** The answer of {@link EventStore.append}. */
export interface StoreAppended {
  /** The cursors of the events, in order. Of a duplicate: those of the first time, or none if a later append is stored. */
  readonly cursors: readonly Cursor[]
  /** Whether the append was stored before, and nothing was stored now. */
  readonly duplicate: boolean
}

/** Options of {@link EventStore.read}. */
export interface StoreReadOptions {
  /**
   * The number of events of a page, at least 1.
   * @defaultValue `100`
   */
  readonly maxEvents?: number | undefined
  /**
   * The size of a page in bytes of UTF-8, at least 1. The first event of a page may exceed it.
   * @defaultValue `262_144`
   */
  readonly maxBytes?: number | undefined
  /** If it is aborted, the read rejects with its reason. */
  readonly signal?: AbortSignal | undefined
}

/** The answer of {@link EventStore.read}. */
export interface StorePage {
  /** The events after the position, or after the gap: consecutive and oldest first. */
  readonly events: readonly LogEvent[]
  /** The position after `events`, from which to read on. */
  readonly next: Cursor
  /** Whether there are events after `next`. */
  readonly more: boolean
  /** The state of the log at this moment. */
  readonly state: LogState
  /** Set if the position is not one of the log; `events` then begins at `resumesAt`. */
  readonly gap?: StoreGap | undefined
}

/** The answer of {@link EventStore.watch}. */
export interface StoreWatch {
  /** Resolves when each later change is reported; rejects if the store cannot be watched. The caller may ignore it. */
  readonly ready: Promise<void>
  /** Ends the watch. Nothing is reported after the call. */
  stop(): void
}

/** Options of {@link EventStore.claim}. */
export interface StoreClaimOptions {
  /** Milliseconds after the last append, or after the claim, until the log is dropped; at least 1. */
  readonly ttl: number
  /** Milliseconds after the last append, or after the claim, until a log without an end is lost; at least 1. */
  readonly lease: number
  /**
   * Claims the log also if it is running or has ended. The earlier producer is fenced, and the log is running again.
   * @defaultValue `false`
   */
  readonly takeOver?: boolean | undefined
}

/** The answer of {@link EventStore.claim} that makes the caller the producer. */
export interface StoreLease {
  /** The lease, for every append of the caller. */
  readonly lease: string
  /** The cursor of the newest event, after which the caller appends. */
  readonly position: Cursor
}

/** The answer of {@link EventStore.claim} if the log is running or has ended. */
export interface StoreClaimRefused {
  /** Always `undefined`: the caller is a reader. */
  readonly lease: undefined
  /** The state of the log. */
  readonly state: LogState
}

/** The answer of {@link EventStore.claim}. */
export type StoreClaim = StoreLease | StoreClaimRefused

/**
 * Keeps the events of channels and answers, so that a client that reconnects gets what it missed.
 *
 * {@link memoryStore} is the store of one process. A store of your own must pass the cases of `storeContract` of
 * `steadystream/testing`. Retention is the store's own: there is no call to trim a log. A log with a lease is never
 * trimmed; it is kept whole until its `ttl`. Every string is a valid name of a log.
 *
 * Every method rejects with {@link SseStoreError}: `"store-unavailable"` if the store cannot be reached, and without
 * `retryable` if it is closed. Wrong arguments are a TypeError or RangeError.
 *
 * @example
 * ```ts
 * import { memoryStore, type EventStore } from "steadystream/server"
 *
 * const store: EventStore = memoryStore()
 * const { cursors } = await store.append("room:7", [{ text: "data: a\n\n" }, { text: "data: b\n\n" }])
 * const page = await store.read("room:7", cursors[0]!)
 * console.log(page.events.map(({ text }) => text)) // ["data: b\n\n"]
 * await store.close()
 * ```
 */
export interface EventStore {
  /**
   * The least time in milliseconds that a producer of many small events leaves between its appends.
   * @defaultValue `0`
   */
  readonly appendInterval?: number | undefined
  /**
   * Stores events at the end of a log, all or none, with consecutive sequences. A log that does not exist is created,
   * unless there is nothing to store. An append without events renews the lease and the `ttl`.
   *
   * A duplicate is answered first, also if the log has ended since.
   *
   * @throws {@link SseStoreError} (by rejecting) `"fenced"` if `lease` is not the lease of the log or is missing while the
   * log is running, `"ended"` if the log has ended, `"limit"` if the events do not fit.
   */
  append(log: string, events: readonly LogEventInit[], options?: StoreAppendOptions): Promise<StoreAppended>
  /**
   * Returns one page of the events after a position. It never waits for events and never creates a log.
   *
   * A reader that continues from `next` gets each later event; a gap only if one may be lost. So it is of a log that does not
   * exist yet, too. If a store goes on in a new epoch and has lost nothing, the sequences and earlier cursors stay valid.
   */
  read(log: string, after: Position, options?: StoreReadOptions): Promise<StorePage>
  /**
   * Calls `onNews` at each change of a log, which does not need to exist. Without news (`undefined`) something may have
   * changed: read the log. What `onNews` throws is reported and stops nothing.
   *
   * To miss nothing: watch, await `ready`, read to the end, then take news whose `after` is the position read so far,
   * ignore older news, and read again at newer news.
   */
  watch(log: string, onNews: (news: StoreNews | undefined) => void): StoreWatch
  /**
   * Returns those of at most 100 logs that may have changed since a position; without this method, regular checks read each log.
   * A log may be left out only if its newest event has that cursor, it has no producer and no end, and it was not dropped
   * since. That keeps its position as long as a read does.
   */
  readonly findChanged?: ((positions: ReadonlyMap<string, Cursor>) => Promise<readonly string[]>) | undefined
  /**
   * Makes the caller the only producer of a log until its lease ends. A log that is running or has ended is only claimed
   * with `takeOver`; otherwise its state is returned.
   *
   * The lease of a log is checked when the log is used: the first operation after it ran out stores the end `"lost"`.
   */
  claim(log: string, options: StoreClaimOptions): Promise<StoreClaim>
  /**
   * Ends a running log as `"cancelled"` in one step, with the reason as its `detail`. Later appends are refused.
   *
   * @returns Whether the log was running.
   */
  cancel(log: string, reason?: string): Promise<boolean>
  /** Removes a log with its lease. A later log of that name never reuses a cursor. */
  drop(log: string): Promise<void>
  /** Frees what the handle holds. Afterwards every method rejects, and nothing is reported. */
  close(): Promise<void>
}
