/* One client of some logs: its positions, and what it gets next. */
import { encodeText } from "../../internal/encode-text.ts"
import { encodeComment } from "../../encoder/index.ts"
import { ignore } from "../../internal/cancel.ts"
import { callHook } from "../../internal/hook.ts"
import { type EventSession, slowError } from "../../session/index.ts"
import { joinCursors } from "./client-cursor.ts"
import type { DeliveryCounts } from "./delivery-counts.ts"
import { gapBlock } from "./gap-event.ts"
import type { LogEntry } from "./log-entry.ts"
import type { LogPosition, PositionOwner } from "./log-position.ts"
import { endSession, LEAST_RETRY } from "./shutdown.ts"

/** What a session needs of its node. */
export interface SessionHost {
  readonly counts: DeliveryCounts
  /** Counts the rounds of the one timer of all sessions. */
  readonly round: number
  report(error: unknown): void
}

/** What a session sends of its logs, and how. */
export interface LogSessionRules {
  /** Whether the client came with a cursor for each of its logs. */
  readonly hasCursor: boolean
  /** Whether the outlet leaves the bytes as they are, so that all sessions can have the same. */
  readonly isShared: boolean
  /** Whether the session starts over at the newest entry after a gap. */
  readonly skipsGaps: boolean
  /** A client that falls further behind than this is disconnected. */
  readonly maxLag: number
  /** Called when the session opens, before any event. */
  readonly onOpen: (() => void) | undefined
  /** Whether an entry goes out. */
  isSent(entry: LogEntry, position: LogPosition): boolean
  /** A position has lost its place. */
  onGap(position: LogPosition): void
  /** Returns the bytes that end the session when it has all entries, `undefined` if it goes on. */
  lastBlock?(position: LogPosition): Uint8Array<ArrayBuffer> | undefined
  /** The session is over. */
  onOver?(): void
}

export class LogSession implements PositionOwner {
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
  readonly #rules: LogSessionRules
  #positions: readonly LogPosition[] = []
  #turn = 0
  #isSending = false
  #hasWritten = false
  #hasBegun = false
  /** Whether the client has a cursor to come back with. */
  #hasCursor: boolean
  /** Whether a cursor has moved without an event that shows it. */
  #hasMoved = false

  constructor(session: EventSession, host: SessionHost, rules: LogSessionRules) {
    this.session = session
    this.#host = host
    this.#rules = rules
    this.#hasCursor = rules.hasCursor
    this.writtenRound = host.round
    session.observer = this
    session.onEnd = () => this.#leave()
  }

  get skipsGaps(): boolean {
    return this.#rules.skipsGaps
  }

  get lag(): number {
    return this.#positions.reduce((sum, position) => sum + position.lag, 0)
  }

  /** Begins to send. `onOpen` waits until it is known where each log stands, so that from then on nothing is missed. */
  start(positions: readonly LogPosition[]): void {
    this.#positions = positions
    if (this.#rules.onOpen === undefined || positions.every(({ reader }) => reader.isReady)) return this.#begin()
    void this.session.comment("")
    void Promise.all(positions.map(({ reader }) => reader.ready)).then(() => this.#begin())
  }

  #begin(): void {
    const { session } = this
    if (session.state === "open") callHook(this.#rules.onOpen, undefined, (error) => this.#host.report(error))
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
    this.#rules.onOver?.()
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
        if (block === undefined) return this.#endIfDone()
        const bytes = this.#rules.isShared ? block : new Uint8Array(block)
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
    else if (position.liveLag > this.#rules.maxLag) {
      this.drop(`more than ${this.#rules.maxLag} events wait for the client`)
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
      // A cursor without a place in one of the logs is not yet one to come back with.
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

  /** Ends the session after the last entry of logs that have ended. */
  #endIfDone(): void {
    const [position] = this.#positions
    if (position === undefined || !position.isPlaced || position.lag > 0) return
    const block = this.#rules.lastBlock?.(position)
    if (block === undefined) return
    if (block.length > 0) this.session.pass(block)
    this.session.close()
  }

  /** A block that moves the last event ID of the client and dispatches nothing. */
  #cursorBlock(): Uint8Array<ArrayBuffer> {
    return encodeText(`id: ${this.#cursor}\n\n`)
  }

  #blockOf(position: LogPosition): Uint8Array<ArrayBuffer> | undefined {
    const gap = position.takeGap()
    if (gap !== undefined) {
      this.#host.counts.gaps[gap.reason]++
      this.#rules.onGap(position)
      return gapBlock(gap, this.#cursor)
    }
    for (let entry = position.peek(); entry !== undefined; entry = position.peek()) {
      const isSent = this.#rules.isSent(entry, position)
      // A function of the caller may have ended the session.
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
}
