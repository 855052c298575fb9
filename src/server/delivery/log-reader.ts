/*
 * The one reader of a log on this node, for all its sessions. News of the store is a hint: it is taken if it continues
 * what was read, dropped if it is older, and otherwise the log is read. So every entry comes once and in order, or a gap
 * comes first. The newest entries stay in the ring; a session that is further behind reads pages.
 */
import { type Clock, setIdleTimer } from "../../internal/clock.ts"
import { ignore } from "../../internal/cancel.ts"
import { callHook } from "../../internal/hook.ts"
import { parseCursor } from "../store/cursor.ts"
import type { Cursor, EventStore, GapReason, LogState, StoreNews, StorePage, StoreWatch } from "../store/event-store.ts"
import { LogEntry } from "./log-entry.ts"
import { LogRing } from "./log-ring.ts"

/** A gap in the log itself: every session that is not beyond it has lost its place. */
export interface LogGap {
  readonly reason: GapReason
  readonly resumesAt: Cursor
}

/** Some entries of a log that follow each other. */
export interface LogPage {
  readonly entries: readonly LogEntry[]
  /** The cursor after the entries. */
  readonly next: Cursor
  readonly gap: LogGap | undefined
}

/** What a reader needs of a store. */
export type LogSource = Pick<EventStore, "read" | "watch" | "findChanged">

/** What the reader reports to its sessions. */
export interface LogMember {
  /** There are new entries, or the log has begun anew or has ended. */
  onEntries(): void
}

/** The delay before a failed read is tried again, in milliseconds: the first, and the longest. */
const FIRST_RETRY = 100
const LONGEST_RETRY = 5_000

/** The rounds for which a reader without sessions is kept, for clients that come back at once. */
const KEPT_ROUNDS = 2

export class LogReader {
  readonly name: string
  readonly members: Set<LogMember> = new Set()
  /** The sessions that wait until the position is known, and what is then called; a promise would keep those that left. */
  readonly joining: Map<LogMember, () => void> = new Map()
  /** Resolves when the position is known. */
  readonly ready: Promise<void>
  readonly #store: LogSource
  readonly #clock: Clock
  readonly #onError: (error: unknown) => void
  #resolveReady: () => void = () => {}
  readonly #watch: StoreWatch
  #isWatching = false
  /** Counts the lives of the log. */
  generation = 0
  gap: LogGap | undefined = undefined
  epoch = ""
  /** How the log stands: `status` and `detail` are those of the newest entry. */
  status: LogState["status"] = "open"
  detail: string | undefined = undefined
  /** When the lease of a running log ends, by the clock; then the log is read, since nothing reports it. */
  #leaseEnds = Infinity
  /** The newest entries. */
  readonly ring: LogRing = new LogRing()
  #isReading = false
  #isStale = false
  /** Whether the members are called after the next read in any case. */
  #mustReport = false
  #isClosed = false
  #usedRound: number | undefined = undefined
  /** The round of the next check. */
  nextCheck: number | undefined = undefined
  #delay = FIRST_RETRY
  #timer: unknown = undefined
  readonly #onChecked: (() => void)[] = []
  readonly #pages: Map<string, Promise<LogPage>> = new Map()

  constructor(name: string, store: LogSource, clock: Clock, onError: (error: unknown) => void) {
    this.name = name
    this.#store = store
    this.#clock = clock
    this.#onError = onError
    this.ready = new Promise((resolve) => (this.#resolveReady = resolve))
    void this.ready.then(() => {
      for (const place of this.joining.values()) callHook(place, undefined, this.#onError)
    })
    this.#watch = watchOf(store, name, (news) => this.#onNews(news))
    this.#begin()
  }

  /** The cursor of the newest entry. */
  get cursor(): Cursor {
    return `${this.epoch}-${this.last}`
  }

  /** The sequence of the newest entry. */
  get last(): number {
    return this.ring.last
  }

  /** Whether the position is known. */
  get isReady(): boolean {
    return this.epoch !== ""
  }

  /** Reads the entries after a cursor from the store; callers at the same place share one read. */
  pageAfter(cursor: Cursor): Promise<LogPage> {
    const known = this.#pages.get(cursor)
    if (known !== undefined) return known
    const page = this.#store.read(this.name, cursor).then(({ events, next, gap }) => ({
      entries: entriesOf(events),
      next,
      gap,
    }))
    this.#pages.set(cursor, page)
    const forget = () => void this.#pages.delete(cursor)
    page.then(forget, forget)
    return page
  }

  /** Reads the log, in case a message was lost. */
  check(): void {
    this.#isStale = true
    if (this.#isReading || this.#isClosed) return
    this.#isReading = true
    void this.#readAll()
  }

  /** Whether all is known of an open log, so that it need not be read if its position is still the newest one. */
  get isSettled(): boolean {
    return this.isReady && !this.#isReading && this.#delay === FIRST_RETRY && this.status === "open"
  }

  /** Reads the log, and calls back when all that was stored before the call is known. */
  recheck(onChecked: () => void): void {
    this.#onChecked.push(onChecked)
    this.check()
  }

  /** Whether the log has ended, as far as this reader knows. */
  get hasEnded(): boolean {
    return this.status !== "running" && this.status !== "open"
  }

  /** Whether no session has used the reader since an earlier round. */
  isUnused(round: number): boolean {
    if (this.members.size + this.joining.size > 0) this.#usedRound = round
    this.#usedRound ??= round
    return round - this.#usedRound >= KEPT_ROUNDS
  }

  close(): void {
    this.#isClosed = true
    callHook(() => this.#watch.stop(), undefined, this.#onError)
    this.#clock.clearTimeout(this.#timer)
    this.#resolveReady()
  }

  #begin(): void {
    const begin = () => {
      this.#isWatching = true
      this.check()
    }
    // Without a watch, the regular checks find what is new.
    this.#watch.ready.catch(this.#onError).then(begin, begin)
  }

  #onNews(news: StoreNews | undefined): void {
    if (this.#isClosed || !this.#isWatching) return
    // The log may have been reopened and have ended again as before, which shows in no state.
    if (news === undefined || news.events.length === 0) this.#mustReport = true
    if (news === undefined || this.#isReading || !this.isReady) return this.check()
    if (this.#isOld(news)) return
    // Without events, news of an end may be older than a claim that has reopened the log; events after an end show one.
    if (news.after !== this.cursor || news.events.length === 0 || this.hasEnded) return this.check()
    if (news.end !== undefined) this.#setState(news.end)
    this.#add(news.events)
  }

  #setState({ status, detail, leaseLeft = Infinity }: Omit<LogState, "first" | "last">): boolean {
    const hasChanged = status !== this.status
    this.status = status
    this.detail = detail
    this.#leaseEnds = status === "running" ? this.#clock.now() + leaseLeft : Infinity
    return hasChanged
  }

  /** Reads the log if the lease of its producer should have ended. */
  checkLease(): void {
    if (this.#clock.now() < this.#leaseEnds) return
    this.#leaseEnds = Infinity
    this.check()
  }

  /** Whether everything in the news was read before. */
  #isOld({ events }: StoreNews): boolean {
    const newest = events.length > 0 ? parseCursor(events.at(-1)!.cursor) : undefined
    return newest?.epoch === this.epoch && newest.sequence <= this.last
  }

  async #readAll(): Promise<void> {
    try {
      while (this.#isStale && !this.#isClosed) {
        this.#isStale = false
        const page = await this.#store.read(this.name, this.isReady ? this.cursor : "end")
        this.#take(page)
        if (page.more) this.#isStale = true
        if (this.#isStale) continue
        this.#delay = FIRST_RETRY
        // One of them may ask for another read.
        for (const onChecked of this.#onChecked.splice(0)) callHook(onChecked, undefined, this.#onError)
      }
    } catch (error) {
      this.#retryLater(error)
    }
    this.#isReading = false
  }

  #retryLater(error: unknown): void {
    if (this.#isClosed) return
    this.#onError(error)
    // A check between two tries may have failed as well.
    this.#clock.clearTimeout(this.#timer)
    // A store that stays away does not keep the process.
    this.#timer = setIdleTimer(this.#clock, () => this.check(), this.#delay)
    this.#delay = Math.min(LONGEST_RETRY, 2 * this.#delay)
  }

  #take({ events, next, gap, state, more }: StorePage): void {
    if (this.#isClosed) return
    const isFirst = !this.isReady
    if (isFirst || gap !== undefined) {
      // Without a gap, the log is read from its end; with one, from where it goes on.
      const parts = parseCursor(gap?.resumesAt ?? next) ?? parseCursor(state.last)
      this.epoch = parts?.epoch ?? ""
      this.ring.restart(parts?.sequence ?? 0)
      if (!isFirst) {
        this.gap = gap
        this.generation++
        // Pages that were asked for before may be of an earlier life of the log.
        this.#pages.clear()
      }
    } else {
      // A store that has restarted and lost nothing goes on in a new epoch, where the sequences continue.
      this.epoch = parseCursor(next)?.epoch ?? this.epoch
    }
    // The state is that of the newest entry, which may be on a later page: until then the log has not ended.
    if (more && this.hasEnded) this.status = "running"
    // A log that has ended and was dropped then is still whole for those who read it.
    const isDropped = state.status === "open" && this.hasEnded && gap === undefined
    const hasChanged = !more && !isDropped && this.#setState(state)
    if (isFirst) this.#resolveReady()
    if (events.length === 0 && gap === undefined && !hasChanged && (more || !this.#mustReport)) return
    if (!more) this.#mustReport = false
    this.#add(events)
  }

  #add(events: StorePage["events"]): void {
    for (const event of events) this.ring.push(new LogEntry(this.last + 1, event))
    this.ring.trim()
    for (const member of this.members) member.onEntries()
  }
}

/** Watches a log; a store that throws is one that cannot be watched. */
function watchOf(store: LogSource, name: string, onNews: (news: StoreNews | undefined) => void): StoreWatch {
  try {
    return store.watch(name, onNews)
  } catch (error) {
    return { ready: Promise.reject(error), stop: ignore }
  }
}

function entriesOf(events: StorePage["events"]): LogEntry[] {
  return events.map((event) => new LogEntry(parseCursor(event.cursor)!.sequence, event))
}
