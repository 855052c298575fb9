/* One client of some channels: its position in each log, and what it gets next. */
import { encodeText } from "../../internal/encode-text.ts"
import { encodeComment } from "../../encoder/index.ts"
import type { SseEvent } from "../../event.ts"
import { ignore } from "../../internal/cancel.ts"
import { callHook } from "../../internal/hook.ts"
import { type EventSession, slowError } from "../../session/index.ts"
import { joinCursors } from "./channel-cursor.ts"
import type { ConnectOptions } from "./channel-options.ts"
import type { ChannelCounts } from "./channel-counts.ts"
import { checkKey, isTrue } from "./caller-answer.ts"
import { Coalescer } from "./coalescer.ts"
import { gapBlock } from "./gap-event.ts"
import { endSession, LEAST_RETRY } from "./shutdown.ts"
import type { LogEntry } from "./log-entry.ts"
import type { LogPosition, PositionOwner } from "./log-position.ts"

/** A client that may not fall further behind than this is disconnected. */
const MAX_LAG = 1_000

/** What a session needs of its channels. */
export interface SessionHost {
  readonly counts: ChannelCounts
  /** Counts the rounds of the one timer of all sessions. */
  readonly round: number
  report(error: unknown): void
  /** Returns the event with the data that the contract reads, `undefined` if it does not fit. */
  decode(entry: LogEntry): SseEvent<string, unknown> | undefined
}

export class ChannelSession implements PositionOwner {
  readonly session: EventSession
  /** The round in which something was written last. */
  writtenRound: number
  /** Called once, when the session is over. */
  onOver: () => void = ignore
  #isOver = false
  /** The round since which the client takes nothing of what is offered, and what was offered then. */
  #busyRound: number | undefined = undefined
  #backlog = 0
  /** The round after which the connection ends. */
  lastRound: number = Infinity
  readonly #host: SessionHost
  readonly #options: ConnectOptions<SseEvent<string, unknown>>
  #positions: readonly LogPosition[] = []
  readonly #isShared: boolean
  #turn = 0
  #isSending = false
  #hasWritten = false
  #hasBegun = false
  /** Whether the client has a cursor to come back with. */
  #hasCursor: boolean
  /** Whether a cursor has moved without an event that shows it. */
  #hasMoved = false
  readonly #coalescer: Coalescer | undefined

  /**
   * @param hasCursor - Whether the client came with a cursor for each of its channels.
   * @param isShared - Whether the outlet leaves the bytes as they are.
   */
  constructor(
    session: EventSession,
    host: SessionHost,
    options: ConnectOptions<SseEvent<string, unknown>>,
    hasCursor: boolean,
    isShared: boolean,
  ) {
    this.session = session
    this.#hasCursor = hasCursor
    this.#isShared = isShared
    this.#host = host
    this.#options = options
    this.writtenRound = host.round
    const { slow } = options
    if (typeof slow === "object") this.#coalescer = new Coalescer((entry) => this.#keyOf(entry, slow.coalesce))
    session.observer = this
    session.onEnd = () => this.#leave()
  }

  get skipsGaps(): boolean {
    return this.#options.onGap === "live"
  }

  get lag(): number {
    return this.#positions.reduce((sum, position) => sum + position.lag, 0)
  }

  /** Begins to send. `onOpen` waits until it is known where each log stands, so that from then on nothing is missed. */
  start(positions: readonly LogPosition[]): void {
    this.#positions = positions
    if (this.#options.onOpen === undefined || positions.every(({ reader }) => reader.isReady)) return this.#begin()
    void this.session.comment("")
    void Promise.all(positions.map(({ reader }) => reader.ready)).then(() => this.#begin())
  }

  #begin(): void {
    const { session } = this
    if (session.state === "open") callHook(this.#options.onOpen, session, (error) => this.#host.report(error))
    this.#hasBegun = true
    // It may have ended in the meantime.
    if (this.#isOver || session.state === "closed") return this.#leave()
    this.onWait()
    if (!this.#hasWritten) void session.comment("")
  }

  end(): void {
    this.#isOver = true
    this.#leave()
    this.onOver()
  }

  #leave(): void {
    for (const position of this.#positions) position.leave()
  }

  onWrite(): void {
    this.#hasWritten = true
    this.writtenRound = this.#host.round
  }

  /** Sends what is there, as far as the client takes it. */
  onWait(): void {
    // A filter may publish: what that adds is sent by the loop that has called the filter.
    if (this.#isSending || !this.#hasBegun) return
    const { session } = this
    this.#busyRound = undefined
    this.#isSending = true
    try {
      while (session.isIdle) {
        const block = this.#nextBlock() ?? this.#firstCursor()
        if (block === undefined) return
        const bytes = this.#isShared ? block : new Uint8Array(block)
        // A filter may have sent an event of its own, after which the outlet is busy.
        if (session.isIdle) session.pass(bytes)
        else void session.write(bytes)
      }
    } finally {
      this.#isSending = false
    }
  }

  onEntries(position: LogPosition): void {
    if (this.session.isIdle) this.onWait()
    else if (this.#options.slow === "disconnect" && position.liveLag > MAX_LAG) {
      this.drop(`more than ${MAX_LAG} events wait for the client`)
    }
  }

  onPageError(error: unknown): void {
    this.#host.counts.storeErrors++
    this.#host.report(error)
  }

  /** Breaks the connection of a client that is too slow. */
  drop(why: string): void {
    if (this.#isOver) return
    this.#host.counts.droppedSlow++
    this.session.leave(slowError(why))
  }

  /** Looks after the session: what waits and could not be read, silence, a client that takes nothing, the longest time. */
  onRound(keepAliveRounds: number, writeRounds: number): void {
    const { session } = this
    const { round } = this.#host
    if (round >= this.lastRound) endSession(session, LEAST_RETRY)
    if (session.isIdle) {
      if (this.lag > 0 || !this.#isPlaced) this.onWait()
      if (round - this.writtenRound >= keepAliveRounds) this.keepAlive()
    } else if (this.#takesNothing(round) && round - this.#busyRound! >= writeRounds) {
      this.drop('the client has taken nothing for the time of "writeTimeout"')
    }
  }

  #takesNothing(round: number): boolean {
    const { backlog } = this.session
    const isProgress = backlog < this.#backlog
    this.#backlog = backlog
    if (isProgress || (backlog === 0 && this.lag === 0)) this.#busyRound = undefined
    else this.#busyRound ??= round
    return this.#busyRound !== undefined
  }

  /** Sends a comment, or the cursor if it has moved without an event. */
  keepAlive(): void {
    if (!this.session.isIdle) return
    this.session.pass(this.#hasMoved ? this.#cursorBlock() : encodeText(encodeComment("keep-alive")))
    this.#hasMoved = false
  }

  get #isPlaced(): boolean {
    return this.#positions.every(({ isPlaced }) => isPlaced)
  }

  get #cursor(): string {
    return joinCursors(this.#positions)
  }

  /** The next block of any log, in turns. */
  #nextBlock(): Uint8Array<ArrayBuffer> | undefined {
    const positions = this.#positions
    const { length } = positions
    for (let tried = 0; tried < length; tried++) {
      const position = positions[(this.#turn + tried) % length]!
      const block = this.#blockOf(position)
      if (block === undefined) continue
      this.#turn = (this.#turn + tried + 1) % length
      this.#hasMoved = false
      // A cursor without a place in one of the channels is not yet one to come back with.
      this.#hasCursor ||= this.#isPlaced
      return block
    }
    return undefined
  }

  /** A client that gets no event for a while must have a cursor, too: without one it would miss what comes meanwhile. */
  #firstCursor(): Uint8Array<ArrayBuffer> | undefined {
    if (this.#hasCursor || !this.#isPlaced) return undefined
    this.#hasCursor = true
    return this.#cursorBlock()
  }

  /** A block that moves the last event ID of the client and dispatches nothing. */
  #cursorBlock(): Uint8Array<ArrayBuffer> {
    return encodeText(`id: ${this.#cursor}\n\n`)
  }

  #blockOf(position: LogPosition): Uint8Array<ArrayBuffer> | undefined {
    const gap = position.takeGap()
    if (gap !== undefined) {
      this.#host.counts.gaps[gap.reason]++
      this.#coalescer?.forget(position)
      return gapBlock(gap, this.#cursor)
    }
    for (let entry = position.peek(); entry !== undefined; entry = position.peek()) {
      const isSent = this.#isSent(entry, position)
      // The filter may have ended the session.
      if (this.session.state === "closed") return undefined
      position.take(entry)
      if (isSent) {
        this.#host.counts.count(position.isReplayed(entry))
        return this.#positions.length === 1 ? entry.bytes : entry.bytesWith(this.#cursor)
      }
      this.#hasMoved = true
    }
    return undefined
  }

  #isSent(entry: LogEntry, position: LogPosition): boolean {
    return this.#coalescer === undefined ? this.#passes(entry) : this.#coalescer.isNewest(entry, position)
  }

  /** Whether the filter accepts an event; one that throws does not. */
  #passes(entry: LogEntry): boolean {
    const { filter } = this.#options
    if (filter === undefined) return true
    try {
      const event = this.#host.decode(entry)
      return event !== undefined && isTrue(filter(event, this.session))
    } catch (error) {
      this.#host.report(error)
      return false
    }
  }

  /** The key of an event, `undefined` if it does not go out. An event without a key goes out in any case. */
  #keyOf(entry: LogEntry, coalesce: (event: SseEvent<string, unknown>) => unknown): string | undefined {
    if (this.session.state === "closed" || !this.#passes(entry)) return undefined
    try {
      const event = this.#host.decode(entry)
      const key = event && coalesce(event)
      if (event !== undefined) return `=${checkKey(key)}`
    } catch (error) {
      this.#host.report(error)
    }
    return entry.cursor
  }
}
