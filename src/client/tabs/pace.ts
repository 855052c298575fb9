/* How fast the leader reads: as fast as the fastest tab, since a slow tab must not slow the others. */
import type { Settings } from "../../reconnection/index.ts"
import type { Exchange } from "./exchange.ts"
import type { Inbox } from "./inbox.ts"
import type { Taken } from "./messages.ts"
import type { SharedLog } from "./shared-log.ts"

export class Pace {
  readonly #limits: Settings["limits"]
  readonly #exchange: Exchange
  readonly #inbox: Inbox
  readonly #log: SharedLog
  /** How far the fastest of the other tabs has read, if this tab leads. */
  #demand = -1
  /** How far this tab has read by its last report. */
  #reported: readonly [epoch: number, seq: number] = [0, 0]

  constructor({ limits }: Settings, exchange: Exchange, inbox: Inbox, log: SharedLog) {
    this.#limits = limits
    this.#exchange = exchange
    this.#inbox = inbox
    this.#log = log
  }

  /** Whether the leader may read on. */
  get hasRoom(): boolean {
    if (this.#inbox.hasRoom) return true
    const { maxQueuedEvents, maxQueuedSize } = this.#limits
    if (this.#demand < 0 || !this.#exchange.isLeading) return false
    return this.#log.last.seq - this.#demand < maxQueuedEvents && this.#log.sizeAfter(this.#demand) < maxQueuedSize
  }

  /** This tab leads from now on. */
  begin(): void {
    this.#demand = -1
  }

  /** Another tab has read up to a number. */
  onTaken(seq: number): void {
    this.#demand = Math.min(Math.max(this.#demand, seq), this.#log.last.seq)
  }

  /** Returns a report to the leader; `undefined` if this tab has read little since the last one. */
  report(): Taken | undefined {
    const { epoch } = this.#exchange
    const { first } = this.#inbox
    const seq = first ? first.seq - 1 : this.#log.last.seq
    const [lastEpoch, lastSeq] = this.#reported
    if (epoch === lastEpoch && (seq <= lastSeq || !this.#isFar(seq - lastSeq, lastSeq))) return undefined
    this.#reported = [epoch, seq]
    return { kind: "taken", epoch, seq }
  }

  #isFar(events: number, lastSeq: number): boolean {
    const { maxQueuedEvents, maxQueuedSize } = this.#limits
    return events >= maxQueuedEvents / 4 || this.#log.sizeAfter(lastSeq) >= maxQueuedSize / 4
  }
}
