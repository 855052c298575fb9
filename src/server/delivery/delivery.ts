/* The sessions of one node: the readers of their logs, and the one timer that looks after all of them. */
import { encodeRetry } from "../../encoder/index.ts"
import { type Clock, MAX_TIMER_MS, systemClock } from "../../internal/clock.ts"
import { callHook, reportGlobally } from "../../internal/hook.ts"
import { DEFAULT_KEEP_ALIVE } from "../../internal/keep-alive.ts"
import { checkDuration, checkNumber, checkOptions } from "../../internal/option-checks.ts"
import { type EventSession, leaveWhenAborted } from "../../session/index.ts"
import type { EventStore, Position, StorePage, StoreReadOptions } from "../store/event-store.ts"
import { memoryStore } from "../store/memory-store.ts"
import { DeliveryCounts, type DeliveryStats } from "./delivery-counts.ts"
import { LogPosition, type PositionStart } from "./log-position.ts"
import type { LogSource } from "./log-reader.ts"
import { LogReaders } from "./log-readers.ts"
import { LogSession, type LogSessionRules, type SessionHost } from "./log-session.ts"
import { ReadTurns } from "./read-turns.ts"
import { Rounds } from "./rounds.ts"
import { SessionSet } from "./session-set.ts"
import { closeSessions, drainSessions, endSession, LEAST_RETRY } from "./shutdown.ts"

/** The rounds of the timer, in milliseconds. */
const SHORTEST_ROUND = 5
const LONGEST_ROUND = 1_000

/** The part of a round that a time may be off by is an eighth. */
const ROUNDS_PER_TIME = 8
/** The longest time of a connection is kept more exactly. */
const ROUNDS_PER_DURATION = 20

/** Options of the sessions of a node. */
export interface DeliveryOptions {
  readonly store?: EventStore | undefined
  readonly keepAlive?: number | undefined
  readonly maxDuration?: number | undefined
  readonly writeTimeout?: number | undefined
  readonly maxSessions?: number | undefined
  readonly clock?: Clock | undefined
  readonly onError?: ((error: unknown) => void) | undefined
}

/** A log of a session, and where the session starts in it. */
export interface SessionLog {
  readonly name: string
  /** The tag of the log in the cursor of the client. */
  readonly tag: string
  readonly start: PositionStart
}

export class Delivery implements SessionHost {
  readonly counts: DeliveryCounts = new DeliveryCounts()
  readonly clock: Clock
  readonly store: EventStore
  readonly readers: LogReaders
  readonly sessions: SessionSet<LogSession> = new SessionSet()
  state: "open" | "draining" | "closed" = "open"
  readonly #onError: (error: unknown) => void
  readonly #onRound: () => boolean
  readonly #maxSessions: number
  readonly #maxDuration: number
  readonly #keepAliveRounds: number
  readonly #writeRounds: number
  readonly #rounds: Rounds
  readonly #turns: ReadTurns = new ReadTurns()

  /**
   * @param onRound - Called in each round; returns whether there must be another one.
   * @param shortestTime - The shortest time in milliseconds that `onRound` looks after.
   */
  constructor(options: DeliveryOptions, onRound: () => boolean = () => false, shortestTime: number = Infinity) {
    const { clock = systemClock, store, onError = reportGlobally } = options
    if (typeof (options as Partial<EventStore>).claim === "function") {
      throw new TypeError('Cannot use options: a store must be the option "store", not the options')
    }
    const keepAlive = checkDuration("keepAlive", options.keepAlive ?? DEFAULT_KEEP_ALIVE)
    const writeTimeout = checkDuration("writeTimeout", options.writeTimeout ?? 30_000)
    this.#maxDuration = checkDuration("maxDuration", options.maxDuration)
    this.#maxSessions = checkNumber("maxSessions", options.maxSessions ?? 20_000)
    this.clock = clock
    this.store = store ?? memoryStore({ clock })
    this.#onError = onError
    this.#onRound = onRound
    const source: LogSource = {
      read: (log, after) => this.read(log, after),
      watch: (log, onNews) => this.store.watch(log, onNews),
      findChanged:
        this.store.findChanged && ((positions) => this.#turns.take(() => this.store.findChanged!(positions))),
    }
    this.readers = new LogReaders(source, clock, (error) => {
      this.counts.storeErrors++
      this.report(error)
    })
    const shortest = Math.min(
      keepAlive / ROUNDS_PER_TIME,
      writeTimeout / ROUNDS_PER_TIME,
      this.#maxDuration / ROUNDS_PER_DURATION,
      shortestTime / ROUNDS_PER_TIME,
    )
    const ms = Math.min(LONGEST_ROUND, Math.max(SHORTEST_ROUND, shortest))
    this.#rounds = new Rounds(clock, ms, () => this.#lookAfterAll())
    this.#keepAliveRounds = this.#rounds.roundsOf(keepAlive)
    this.#writeRounds = this.#rounds.roundsOf(writeTimeout)
  }

  get round(): number {
    return this.#rounds.count
  }

  /** Whether no session may begin now. */
  get isFull(): boolean {
    return this.state !== "open" || this.sessions.size >= this.#maxSessions
  }

  /** What the sessions of this node are doing, and what was counted so far. */
  stats(): DeliveryStats {
    const { delivered, replayed, gaps, droppedSlow, storeErrors } = this.counts
    const behind = [...this.sessions].filter(({ lag }) => lag > 0).length
    return {
      sessions: this.sessions.size,
      behind,
      delivered,
      replayed,
      gaps: { ...gaps },
      droppedSlow,
      storeErrors,
    }
  }

  report(error: unknown): void {
    callHook(this.#onError, error)
  }

  /** Reads a log when it is its turn. */
  read(log: string, after: Position, options?: StoreReadOptions): Promise<StorePage> {
    return this.#turns.take(() => this.store.read(log, after, options))
  }

  /** Counts a failure of the store. */
  async watched<Result>(operation: Promise<Result>): Promise<Result> {
    try {
      return await operation
    } catch (error) {
      this.counts.storeErrors++
      throw error
    }
  }

  /** Begins to send the events of logs to a session, which has its outlet. Returns what follows it, if it began. */
  open(
    session: EventSession,
    logs: readonly SessionLog[],
    rules: LogSessionRules,
    signal: AbortSignal | undefined,
  ): LogSession | undefined {
    // The request was accepted, but the session begins only when its body is read.
    if (this.isFull) {
      endSession(session, LEAST_RETRY)
      return undefined
    }
    const logSession = new LogSession(session, this, rules)
    logSession.lastRound = this.round + this.#rounds.spreadRoundsOf(this.#maxDuration)
    this.sessions.add(logSession)
    logSession.onOver = () => void this.sessions.delete(logSession)
    if (signal !== undefined) leaveWhenAborted(session, signal)
    logSession.start(logs.map(({ name, tag, start }) => new LogPosition(this.readers.of(name), tag, start, logSession)))
    this.startRounds()
    return logSession
  }

  /** Starts the timer, which runs as long as there are sessions, logs or more to look after. */
  startRounds(): void {
    this.#rounds.start()
  }

  /** Ends all sessions cleanly, and refuses new ones. */
  async closeAll(options: {
    readonly retry?: number | undefined
    readonly within?: number | undefined
  }): Promise<void> {
    checkOptions(options, { retry: true, within: true })
    const within = Math.min(MAX_TIMER_MS, checkNumber("within", options.within ?? 1_000))
    // Refuses the time before anything has changed.
    if (options.retry !== undefined) encodeRetry(options.retry)
    this.state = "closed"
    await closeSessions(this.sessions, this.clock, options.retry, within)
    this.readers.close()
    this.#rounds.stop()
  }

  /** Refuses new sessions, and ends the others one by one. */
  async drain(options: { readonly within?: number | undefined }): Promise<void> {
    checkOptions(options, { within: true })
    const within = Math.min(MAX_TIMER_MS, checkNumber("within", options.within ?? 10_000))
    if (this.state === "open") this.state = "draining"
    await drainSessions(this.sessions, this.clock, within)
  }

  /** Looks after every session and log; returns whether there are any. */
  #lookAfterAll(): boolean {
    for (const session of this.sessions) session.onRound(this.#keepAliveRounds, this.#writeRounds)
    this.readers.onRound(this.round, this.#rounds.ms)
    const isNeeded = this.#onRound()
    return isNeeded || this.sessions.size + this.readers.count > 0
  }
}
