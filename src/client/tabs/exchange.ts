/*
 * What one tab knows of the shared stream, and the messages by which tabs keep it equal. A message of an earlier epoch is
 * never applied, so a leader that was replaced and does not know it changes nothing.
 */
import type { SseEvent } from "../../event.ts"
import type { Failure } from "../../internal/channel.ts"
import type { SubscriptionEnd, SubscriptionState } from "../../reconnection/index.ts"
import { failureMessageOf, failureOf } from "./failure-message.ts"
import type { ExchangeHandlers } from "./exchange-handlers.ts"
import type { Answer, Ask, Events, Message } from "./messages.ts"
import { type Entry, isSame, type Place, placeOf, type SharedLog, type Span } from "./shared-log.ts"

export class Exchange {
  isLeading: boolean = false
  /** Whether the last place of the log is one that other tabs know. */
  isAligned: boolean = false
  state: SubscriptionState = "connecting"
  retries: number = 0
  /** The epoch of the newest leader that was heard. */
  epoch: number = 0
  readonly #id: string
  readonly #url: string
  readonly #recent: number
  readonly #log: SharedLog
  readonly #handlers: ExchangeHandlers
  /** The question that waits for its answer. */
  #asked: Ask | undefined
  #questions = 0
  /** Entries that were not sent to the other tabs yet, and the place before them. */
  #outbox: { readonly prev: Place; readonly entries: Entry[] } | undefined

  constructor(id: string, url: string, recent: number, log: SharedLog, handlers: ExchangeHandlers) {
    this.#id = id
    this.#url = url
    this.#recent = recent
    this.#log = log
    this.#handlers = handlers
  }

  /** This tab leads from now on. @param least - The least number of its epoch. */
  lead(least: number): void {
    this.epoch = Math.max(this.epoch + 1, least)
    if (!this.isAligned) this.#log.renumber(this.epoch)
    this.isLeading = this.isAligned = true
    this.#asked = undefined
    this.state = "connecting"
    this.#post(this.#log.from(this.#log.length), this.#url)
  }

  /** This tab leads no longer. */
  follow(): void {
    this.flush()
    this.isLeading = false
    this.#asked = undefined
  }

  /** Adds what the connection of this tab has received. */
  add(event: SseEvent | undefined, lastEventId: string, isRestart?: boolean): Entry {
    const { last } = this.#log
    const hasId = event === undefined || event.id !== undefined
    const entry = { epoch: this.isLeading ? this.epoch : 0, seq: last.seq + 1, lastEventId, hasId, event, isRestart }
    if (this.isLeading) {
      // One message has all events of a chunk.
      if (this.#outbox === undefined) void Promise.resolve().then(() => this.flush())
      this.#outbox ??= { prev: placeOf(last), entries: [] }
      this.#outbox.entries.push(entry)
    }
    this.#log.append(entry)
    return entry
  }

  /** Sends the entries that were added to the other tabs. */
  flush(): void {
    const outbox = this.#outbox
    this.#outbox = undefined
    if (outbox && this.isLeading) this.#post(outbox)
  }

  /** Sends the state of the connection to the other tabs. */
  setState(state: SubscriptionState, retries: number): void {
    this.state = state
    this.retries = retries
    if (!this.isLeading) return
    this.flush()
    this.#post(this.#log.from(this.#log.length))
  }

  /** Sends the end of the stream to the other tabs. */
  end(ending: SubscriptionEnd, failure: Failure | undefined): void {
    this.flush()
    const last = placeOf(this.#log.last)
    const { epoch } = this
    if (!this.isLeading) return
    this.#handlers.post({ kind: "end", epoch, last, ending, failure: failure && failureMessageOf(failure[0]) })
  }

  /** Asks the leader, or as a new leader each tab, for what follows the log. */
  ask(isNewLeader = false): void {
    const { last } = this.#log
    const { lastEventId } = last
    const hasHadNone = lastEventId === "" && this.#log.length === 0
    this.#asked = {
      kind: "ask",
      from: this.#id,
      number: ++this.#questions,
      place: this.isAligned ? placeOf(last) : undefined,
      lastEventId,
      recent: hasHadNone ? this.#recent : undefined,
      isNewLeader,
    }
    this.#handlers.post(this.#asked)
  }

  /** Asks, unless a question waits for its answer. */
  askOnce(): void {
    if (this.#asked === undefined) this.ask()
  }

  onMessage(message: Message): void {
    switch (message.kind) {
      case "ask":
        return this.#onAsk(message)
      case "events":
        return this.#onEvents(message)
      case "taken":
        if (this.isLeading && message.epoch === this.epoch) this.#handlers.onTaken(message.seq)
        return
      case "end":
        return this.#onEnd(message.epoch, message.last, message.ending, message.failure && failureOf(message.failure))
    }
  }

  #post(span: Span, url?: string, answer?: Answer): void {
    const { epoch, isLeading: isLeader, state, retries } = this
    this.#handlers.post({ kind: "events", ...span, epoch, isLeader, state, retries, url, answer })
  }

  #onAsk(ask: Ask): void {
    const { from: to, number, isNewLeader } = ask
    if (isNewLeader) this.#handlers.onLeader(this.state)
    if (!this.isAligned || !(this.isLeading || isNewLeader)) return
    this.flush()
    const log = this.#log
    const [by, index] = log.find(ask)
    if (this.isLeading || (by !== "nothing" && (by === "start" || index < log.length))) {
      this.#post(log.from(index), this.#url, { to, number, by })
    }
  }

  #onEvents(message: Events): void {
    const { epoch, isLeader, url, answer } = message
    const isMine = answer?.to === this.#id
    if (epoch < this.epoch || (!isLeader && !isMine)) return
    const isNewLeader = isLeader && epoch > this.epoch
    if (isLeader && !this.#hear(message)) return
    if (url !== undefined && url !== this.#url) return this.#handlers.onOtherUrl()
    const asked = this.#asked
    if (answer === undefined) this.#take(message)
    else if (isMine && answer.number === asked?.number) this.#onAnswer(message, answer.by, asked)
    // The leader that was asked may be gone, and the place may be another one now.
    if (isNewLeader && asked && asked === this.#asked && !asked.isNewLeader) this.ask()
  }

  #onAnswer(message: Events, by: Answer["by"], { lastEventId }: Ask): void {
    // A new leader may get several answers, of which the others go on from the first.
    if (message.isLeader) this.#asked = undefined
    else if (this.isAligned && by !== "place") return
    if (by === "place") this.#take(message)
    else if (by === "start") this.#begin(message)
    else if (by === "id") this.#resume(message, lastEventId)
    else this.#miss(message.prev, lastEventId)
  }

  /** @returns Whether the leader is the newest one. */
  #hear({ epoch, state, retries }: Events): boolean {
    if (this.isLeading) {
      if (epoch === this.epoch) return false
      this.#handlers.onReplaced()
    }
    this.epoch = epoch
    this.state = state
    this.retries = retries
    this.#handlers.onLeader(state)
    return true
  }

  /** Appends the entries that follow the last place of the log. */
  #take({ epoch, isLeader, prev, entries }: Events): void {
    if (!this.isAligned) return this.askOnce()
    const log = this.#log
    let common = entries.length
    const placeAt = (at: number): Place => (at === 0 ? prev : entries[at - 1]!)
    while (common >= 0 && log.indexAfter(placeAt(common)) < 0) common--
    if (common < 0) return this.askOnce()
    const index = log.indexAfter(placeAt(common))
    if (index < log.length) {
      // This tab is ahead: of an older message, or of a new leader, who did not receive these entries.
      if (!isLeader || epoch <= log.last.epoch) return
      this.#handlers.onRollback(log.cut(index))
    }
    this.#append(entries.slice(common))
  }

  /** Follows from the first time on. */
  #begin({ prev, entries }: Events): void {
    if (this.#log.length === 0) this.#align(prev, entries)
  }

  /** Follows from an event on that the other tab knows by its ID. */
  #resume({ prev, entries }: Events, id: string): void {
    const log = this.#log
    const index = log.indexAfterId(id)
    // It has read on since it asked, and the log no longer has all of that.
    if (index < 0 && log.last.lastEventId !== id) return this.askOnce()
    this.#handlers.onRollback(log.cut(Math.max(0, index)))
    this.#align(prev, entries)
  }

  #miss(prev: Place, lastEventId: string): void {
    this.isAligned = false
    this.#handlers.onMissing(lastEventId, prev)
  }

  /** Follows after `prev`, whatever is missing before it. */
  skipTo(prev: Place): void {
    this.#align(prev, [])
  }

  #align(prev: Place, entries: readonly Entry[]): void {
    this.#log.restart(prev)
    this.isAligned = true
    this.#handlers.onAligned()
    this.#append(entries)
  }

  #append(entries: readonly Entry[]): void {
    for (const entry of entries) this.#log.append(entry)
    this.#handlers.onEntries(entries)
  }

  #onEnd(epoch: number, last: Place, ending: SubscriptionEnd, failure: Failure | undefined): void {
    if (epoch < this.epoch || !this.isAligned || !isSame(last, this.#log.last)) return
    if (this.isLeading) this.#handlers.onReplaced()
    this.#handlers.onEnd(ending, failure)
  }
}
