/* The answers that this node produces. */
import type { EventEncoder } from "../../contract/index.ts"
import type { SseEventInit } from "../../event.ts"
import { callHook } from "../../internal/hook.ts"
import type { Delivery } from "../delivery/delivery.ts"
import { newProducer } from "../delivery/producer.ts"
import type { Cursor, StoreLease } from "../store/event-store.ts"
import { logOf } from "./answer-log.ts"
import type { AnswerStats } from "./answer-options.ts"
import { AnswerRun } from "./answer-run.ts"
import type { AnswerState, MakeAnswer, StoredAnswer } from "./answer-types.ts"
import type { Followers } from "./followers.ts"
import type { EndWriter } from "./end-block.ts"
import type { Presence } from "./presence.ts"

/** What is the same for all answers of a node. */
export interface ProducerOptions {
  readonly events: EventEncoder<SseEventInit> | undefined
  readonly lease: number
  readonly limit: number
  readonly minInterval: number
  readonly waitUntil: ((ended: Promise<unknown>) => void) | undefined
  readonly endWriterOf: (id: string) => EndWriter
}

/** The time that the end of a lost answer has to be stored when a node closes, in milliseconds. */
const RELEASE_WAIT = 1_000

export class AnswerProducers {
  readonly #delivery: Delivery
  readonly #presence: Presence
  readonly #followers: Followers
  readonly #options: ProducerOptions
  readonly #runs: Map<string, AnswerRun> = new Map()
  readonly #producer: string
  readonly #ended: Record<Exclude<AnswerState["status"], "running">, number> = {
    done: 0,
    failed: 0,
    cancelled: 0,
    lost: 0,
  }
  #started = 0
  #stored = 0
  #appends = 0

  constructor(delivery: Delivery, presence: Presence, followers: Followers, options: ProducerOptions) {
    this.#delivery = delivery
    this.#presence = presence
    this.#followers = followers
    this.#options = options
    this.#producer = newProducer(delivery.clock)
  }

  get size(): number {
    return this.#runs.size
  }

  get counts(): Pick<AnswerStats, "running" | "started" | "ended" | "stored" | "appends"> {
    return {
      running: this.#runs.size,
      started: this.#started,
      ended: { ...this.#ended },
      stored: this.#stored,
      appends: this.#appends,
    }
  }

  /**
   * Begins to produce an answer.
   *
   * @param stored - What is stored of it.
   * @param first - The position before that.
   */
  start(id: string, { lease }: StoreLease, make: MakeAnswer, stored: StoredAnswer, first: Cursor): AnswerRun {
    const { store, clock, readers } = this.#delivery
    const { events, limit, minInterval, waitUntil, endWriterOf } = this.#options
    const log = logOf(id)
    const producer = `${this.#producer}.${++this.#started}`
    const { position } = stored
    const target = { store, log, lease, position, producer, minInterval, leaseTime: this.#options.lease, clock }
    this.stop(id, "the answer was taken over")
    const runOptions = { target, events, limit, first, reader: readers.of(log), writeEnd: endWriterOf(id) }
    const run = new AnswerRun(runOptions, this.#hostOf(id))
    this.#runs.set(id, run)
    this.#presence.follow(id)
    this.#delivery.startRounds()
    void run.finished.then((state) => this.#onFinished(id, run, state))
    callHook(waitUntil, run.finished, (error) => this.#delivery.report(error))
    void run.start(make, stored)
    return run
  }

  /** Whether this node produces an answer. */
  has(id: string): boolean {
    return this.#runs.has(id)
  }

  /** Ends an answer of this node that has no readers. */
  abandon(id: string): void {
    void this.#runs.get(id)?.abandon()
  }

  /** Stops the production of an answer whose log has ended or has another producer. */
  stop(id: string, why: string): void {
    this.#runs.get(id)?.stop(why)
  }

  /**
   * Waits for all answers, and until the sessions of this node have got their ends. After `within` milliseconds, those that
   * still run end as lost, also if that cannot be stored.
   */
  async finish(within: number): Promise<void> {
    const { clock, readers } = this.#delivery
    const delivered = async ([id, run]: readonly [string, AnswerRun]) => {
      await run.finished
      await new Promise<void>((resolve) => readers.of(logOf(id)).recheck(resolve))
    }
    const runs = [...this.#runs.values()]
    let timer: unknown
    const late = new Promise<void>((resolve) => {
      const stop = () => {
        for (const run of runs) run.stop("the process of the answer ends")
        resolve()
      }
      const release = () => {
        for (const run of runs) void run.release()
        timer = clock.setTimeout(stop, RELEASE_WAIT)
      }
      timer = clock.setTimeout(release, within)
    })
    await Promise.race([Promise.all([...this.#runs].map(delivered)), late])
    clock.clearTimeout(timer)
  }

  #hostOf(id: string): ConstructorParameters<typeof AnswerRun>[1] {
    return {
      readState: () => this.#followers.stateOf(id),
      report: (error) => this.#delivery.report(error),
      onStored: (count) => {
        this.#stored += count
        this.#appends++
      },
      onStoreError: (error) => {
        this.#delivery.counts.storeErrors++
        this.#delivery.report(error)
      },
    }
  }

  #onFinished(id: string, run: AnswerRun, { status }: AnswerState): void {
    if (status !== "running") this.#ended[status]++
    if (this.#runs.get(id) !== run) return
    this.#runs.delete(id)
    this.#presence.unfollow(id)
  }
}
