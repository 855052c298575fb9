/* The answers that this node produces. */
import type { EventEncoder } from "../../contract/index.ts"
import type { SseEventInit } from "../../event.ts"
import { callHook } from "../../internal/hook.ts"
import type { Delivery } from "../delivery/delivery.ts"
import { newProducer } from "../delivery/producer.ts"
import type { StoreLease } from "../store/event-store.ts"
import { logOf } from "./answer-log.ts"
import type { AnswerStats } from "./answer-options.ts"
import { AnswerRun } from "./answer-run.ts"
import type { AnswerState, MakeAnswer, StoredAnswer } from "./answer-types.ts"
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

export class AnswerProducers {
  readonly #delivery: Delivery
  readonly #presence: Presence
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

  constructor(delivery: Delivery, presence: Presence, options: ProducerOptions) {
    this.#delivery = delivery
    this.#presence = presence
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
   * @param readState - Asks the store how the answer stands.
   */
  start(
    id: string,
    { lease }: StoreLease,
    make: MakeAnswer,
    stored: StoredAnswer,
    readState: () => Promise<AnswerState | undefined>,
  ): AnswerRun {
    const { store, clock, readers } = this.#delivery
    const { events, limit, minInterval, waitUntil, endWriterOf } = this.#options
    const log = logOf(id)
    const producer = `${this.#producer}.${++this.#started}`
    const target = { store, log, lease, producer, minInterval, leaseTime: this.#options.lease, clock }
    this.stop(id, "the answer was taken over")
    const runOptions = { target, events, limit, reader: readers.of(log), writeEnd: endWriterOf(id) }
    const run = new AnswerRun(runOptions, this.#hostOf(readState))
    this.#runs.set(id, run)
    this.#presence.follow(id)
    this.#delivery.startRounds()
    void run.ended.then((state) => this.#onEnded(id, run, state))
    callHook(waitUntil, run.ended, (error) => this.#delivery.report(error))
    void run.start(make, stored)
    return run
  }

  /** Stops the production of an answer whose log has ended or has another producer. */
  stop(id: string, why: string): void {
    this.#runs.get(id)?.stop(why)
  }

  /** Waits for all answers; after `within` milliseconds, those that still run end as lost. */
  async finish(within: number): Promise<void> {
    const { clock } = this.#delivery
    const runs = [...this.#runs.values()]
    const timer = clock.setTimeout(() => {
      for (const run of runs) void run.release()
    }, within)
    await Promise.all(runs.map(({ ended }) => ended))
    clock.clearTimeout(timer)
  }

  #hostOf(readState: () => Promise<AnswerState | undefined>): ConstructorParameters<typeof AnswerRun>[1] {
    return {
      readState,
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

  #onEnded(id: string, run: AnswerRun, { status }: AnswerState): void {
    if (status !== "running") this.#ended[status]++
    if (this.#runs.get(id) !== run) return
    this.#runs.delete(id)
    this.#presence.unfollow(id)
  }
}
