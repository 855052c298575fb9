/* The channels of one node: the readers of their logs, the sessions, and the one timer that looks after all of them. */
import type { EventEncoder } from "../../contract/index.ts"
import { encodeEvent, encodeRetry } from "../../encoder/index.ts"
import type { SseEvent, SseEventInit } from "../../event.ts"
import { ignore } from "../../internal/cancel.ts"
import { type Clock, MAX_TIMER_MS, systemClock } from "../../internal/clock.ts"
import { eventStreamHeaders, refusalHeaders } from "../../internal/event-stream-headers.ts"
import { callHook, reportGlobally } from "../../internal/hook.ts"
import { DEFAULT_KEEP_ALIVE } from "../../internal/keep-alive.ts"
import { checkDuration, checkNumber, checkOptions } from "../../internal/option-checks.ts"
import {
  BodyOutlet,
  type ChannelRequest,
  type ChannelServer,
  decodeLastEventId,
  EventSession,
  leaveWhenAborted,
  SseSessionError,
} from "../../session/index.ts"
import type { EventStreamRequest } from "../event-stream-response.ts"
import type { Cursor, EventStore } from "../store/event-store.ts"
import { memoryStore } from "../store/memory-store.ts"
import { SseStoreError } from "../store/store-error.ts"
import { GAP_EVENT } from "./gap-event.ts"
import { ChannelCounts } from "./channel-counts.ts"
import { joinCursors, splitCursor, tagOf } from "./channel-cursor.ts"
import { CHANNELS_KINDS, type ChannelsOptions, type ChannelStats, type ConnectOptions } from "./channel-options.ts"
import { ChannelSession, type SessionHost } from "./channel-session.ts"
import type { Channels, PublishedEvent } from "./channel-types.ts"
import { checkName, namesOf, readRequest } from "./connection-request.ts"
import type { LogEntry } from "./log-entry.ts"
import { LogPosition, storeText } from "./log-position.ts"
import { LogReaders } from "./log-readers.ts"
import { newProducer } from "./producer.ts"
import { Rounds } from "./rounds.ts"
import { SessionSet } from "./session-set.ts"
import { closeSessions, drainSessions, endSession, LEAST_RETRY } from "./shutdown.ts"
import { Turns } from "./turns.ts"

/** The rounds of the timer, in milliseconds. */
const SHORTEST_ROUND = 5
const LONGEST_ROUND = 1_000

/** The part of a round that a time may be off by is an eighth. */
const ROUNDS_PER_TIME = 8
/** The longest time of a connection is kept more exactly. */
const ROUNDS_PER_DURATION = 20

type AnyOptions = ConnectOptions<SseEvent<string, unknown>>

export class ChannelHub implements Channels, SessionHost, ChannelServer<AnyOptions> {
  readonly counts: ChannelCounts = new ChannelCounts()
  readonly #clock: Clock
  readonly #sessions: SessionSet<ChannelSession> = new SessionSet()
  readonly #events: ChannelsOptions["events"]
  readonly #store: EventStore
  readonly #onError: (error: unknown) => void
  readonly #maxSessions: number
  readonly #maxDuration: number
  readonly #keepAliveRounds: number
  readonly #writeRounds: number
  readonly #rounds: Rounds
  readonly #readers: LogReaders
  readonly #producer: string
  readonly #turns: Turns = new Turns()
  #appends = 0
  #state: "open" | "draining" | "closed" = "open"

  constructor(options: ChannelsOptions) {
    checkOptions(options, CHANNELS_KINDS)
    const { clock = systemClock, events, store, onError = reportGlobally } = options
    const keepAlive = checkDuration("keepAlive", options.keepAlive ?? DEFAULT_KEEP_ALIVE)
    const writeTimeout = checkDuration("writeTimeout", options.writeTimeout ?? 30_000)
    this.#maxDuration = checkDuration("maxDuration", options.maxDuration)
    this.#maxSessions = checkNumber("maxSessions", options.maxSessions ?? 20_000)
    this.#clock = clock
    this.#events = events
    this.#store = store ?? memoryStore({ clock })
    this.#onError = onError
    this.#readers = new LogReaders(this.#store, clock, (error) => {
      this.counts.storeErrors++
      this.report(error)
    })
    this.#producer = newProducer(clock)
    const shortest = Math.min(
      keepAlive / ROUNDS_PER_TIME,
      writeTimeout / ROUNDS_PER_TIME,
      this.#maxDuration / ROUNDS_PER_DURATION,
    )
    const ms = Math.min(LONGEST_ROUND, Math.max(SHORTEST_ROUND, shortest))
    this.#rounds = new Rounds(clock, ms, () => this.#onRound())
    this.#keepAliveRounds = this.#rounds.roundsOf(keepAlive)
    this.#writeRounds = this.#rounds.roundsOf(writeTimeout)
  }

  get round(): number {
    return this.#rounds.count
  }

  async publish(name: string, event: SseEventInit): Promise<PublishedEvent> {
    checkName(name)
    if (event?.id !== undefined) throw new TypeError(`Cannot publish event: "id" is set by the channel`)
    if (event?.event === GAP_EVENT) throw new TypeError(`Cannot publish event: the name ${GAP_EVENT} is reserved`)
    const text = this.#events === undefined ? encodeEvent(event) : await this.#encode(this.#events, name, event)
    if (this.#state === "closed") {
      throw new SseSessionError("Cannot publish event: the channels have been closed", "session-closed")
    }
    const dedupe = { producer: this.#producer, seq: ++this.#appends }
    const { cursors } = await this.#watched(this.#store.append(name, [{ text }], { dedupe }))
    const [cursor] = cursors
    // A later event of this node was stored first.
    if (cursor === undefined) throw new SseStoreError("Cannot publish event: the store lost it", "store-unavailable")
    this.counts.published++
    return { cursor }
  }

  async cursor(given: string | readonly string[]): Promise<Cursor> {
    const names = namesOf(given)
    const pages = await this.#watched(Promise.all(names.map((name) => this.#store.read(name, "end"))))
    return joinCursors(pages.map(({ next }, at) => ({ tag: tagOf(names[at]!), cursor: next })))
  }

  size(name?: string): number {
    if (name === undefined) return this.#sessions.size
    return this.#readers.sessionsOf(name)
  }

  stats(): ChannelStats {
    const { gaps, published, delivered, replayed, droppedSlow, storeErrors } = this.counts
    const lags = [...this.#sessions].map(({ lag }) => lag)
    return {
      sessions: this.#sessions.size,
      behind: lags.filter((lag) => lag > 0).length,
      published,
      delivered,
      replayed,
      gaps: { ...gaps },
      droppedSlow,
      storeErrors,
      lag: lags.reduce((most, lag) => Math.max(most, lag), 0),
    }
  }

  async respond(
    request: EventStreamRequest & { readonly url?: string | undefined },
    names: string | readonly string[],
    options: AnyOptions = {},
  ): Promise<Response> {
    const cursor = decodeLastEventId(request.headers.get("last-event-id"))
    const accepted = this.accept(cursor, request.url, names, options)
    const headers = eventStreamHeaders(options.headers, "no-store")
    if (request.method === "HEAD") return new Response(null, { headers })
    const refusal = await this.refusalOf(accepted, options)
    if (refusal !== undefined) {
      return new Response(null, { status: refusal, headers: refusalHeaders(options.headers, refusal) })
    }
    const session = this.sessionOf(accepted.cursor)
    const outlet = new BodyOutlet(session, () => {
      this.open(session, accepted, options, false)
      if (request.signal !== undefined) leaveWhenAborted(session, request.signal)
    })
    return new Response(outlet.body, { headers })
  }

  async closeAll(
    options: { readonly retry?: number | undefined; readonly within?: number | undefined } = {},
  ): Promise<void> {
    checkOptions(options, { retry: true, within: true })
    const within = Math.min(MAX_TIMER_MS, checkNumber("within", options.within ?? 1_000))
    // Refuses the time before anything has changed.
    if (options.retry !== undefined) encodeRetry(options.retry)
    this.#state = "closed"
    await closeSessions(this.#sessions, this.#clock, options.retry, within)
    this.#readers.close()
    this.#rounds.stop()
  }

  async drain(options: { readonly within?: number | undefined } = {}): Promise<void> {
    checkOptions(options, { within: true })
    const within = Math.min(MAX_TIMER_MS, checkNumber("within", options.within ?? 10_000))
    if (this.#state === "open") this.#state = "draining"
    await drainSessions(this.#sessions, this.#clock, within)
  }

  accept(
    cursor: string,
    url: string | undefined,
    names: string | readonly string[],
    options: AnyOptions,
  ): ChannelRequest {
    return readRequest(cursor, url, names, options)
  }

  refusalOf(request: ChannelRequest, { onGap }: AnyOptions): 503 | undefined | Promise<410 | undefined> {
    if (this.#isFull) return 503
    return onGap === "refuse" && request.cursor !== "" ? this.#gapStatus(request) : undefined
  }

  /** Whether no session may begin now. */
  get #isFull(): boolean {
    return this.#state !== "open" || this.#sessions.size >= this.#maxSessions
  }

  sessionOf(cursor: string): EventSession {
    return new EventSession(cursor, this.#events, this.#clock)
  }

  open(session: EventSession, { names, cursor }: ChannelRequest, options: AnyOptions, isShared: boolean): void {
    const { signal, since = "live" } = options
    if (signal?.aborted === true) return session.leave(signal.reason)
    // The request was accepted, but the session begins only when its body is read.
    if (this.#isFull) return endSession(session, LEAST_RETRY)
    const tags = names.map(tagOf)
    const cursors = splitCursor(cursor, tags)
    const channelSession = new ChannelSession(session, this, options, !cursors.includes(undefined), isShared)
    channelSession.lastRound = this.round + this.#rounds.spreadRoundsOf(this.#maxDuration)
    this.#sessions.add(channelSession)
    channelSession.onOver = () => void this.#sessions.delete(channelSession)
    if (signal !== undefined) leaveWhenAborted(session, signal)
    channelSession.start(
      names.map((name, at) => {
        const own = cursors[at]
        const start = own === undefined ? { since } : { cursor: own }
        return new LogPosition(this.#readers.of(name), tags[at]!, start, channelSession)
      }),
    )
    this.#rounds.start()
  }

  report(error: unknown): void {
    callHook(this.#onError, error)
  }

  decode(entry: LogEntry): SseEvent<string, unknown> | undefined {
    if (this.#events === undefined) return entry.event
    const event = this.#events.decode(entry.event)
    if (event === undefined || "data" in event) return event
    event.catch(ignore)
    throw new TypeError("Cannot filter event: its schema must not be async")
  }

  /** Encodes an event of a contract; events of one channel keep the order of the calls. */
  async #encode(events: EventEncoder<SseEventInit>, name: string, event: SseEventInit): Promise<string> {
    return encodeEvent(await this.#turns.take(name, events.encodeAsync(event)))
  }

  async #gapStatus({ names, cursor }: ChannelRequest): Promise<410 | undefined> {
    const cursors = splitCursor(cursor, names.map(tagOf))
    const reads = names.flatMap((name, at) => {
      const own = cursors[at]
      return own === undefined ? [] : [this.#store.read(name, storeText(own), { maxEvents: 1 })]
    })
    const pages = await this.#watched(Promise.all(reads))
    return pages.some(({ gap }) => gap !== undefined) ? 410 : undefined
  }

  /** Counts a failure of the store. */
  async #watched<Result>(operation: Promise<Result>): Promise<Result> {
    try {
      return await operation
    } catch (error) {
      this.counts.storeErrors++
      throw error
    }
  }

  /** Looks after every session and log; returns whether there are any. */
  #onRound(): boolean {
    for (const session of this.#sessions) session.onRound(this.#keepAliveRounds, this.#writeRounds)
    this.#readers.onRound(this.round, this.#rounds.ms)
    return this.#sessions.size + this.#readers.count > 0
  }
}
