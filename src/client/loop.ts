/*
 * Law: the one loop over the attempts of a subscription. Whatever happens to an attempt breaks its wait; the loop alone
 * decides what follows, and nothing happens once it is over. Where events go is the sink's concern.
 */
import { SseConnectionError, type SseError, SseTruncatedError } from "../errors.ts"
import { Deadline } from "../internal/deadline.ts"
import { INTERRUPTED, Interruption } from "../internal/interruption.ts"
import type { ChunkSource } from "../parser/index.ts"
import { Deadlines, timeoutError } from "./deadlines.ts"
import { EventIntake, type EventSink } from "./event-intake.ts"
import type { Failure } from "./event-queue.ts"
import { FailureHistory } from "./failure-history.ts"
import { callHook } from "./hooks.ts"
import type { Attempt } from "./options.ts"
import { PagePause } from "./page-pause.ts"
import { RequestPace } from "./request-pace.ts"
import type { Settings } from "./settings.ts"
import { StateMachine, type SubscriptionState } from "./state.ts"
import { type AttemptContext, connectionError, Misuse, type Opened } from "./transport.ts"

export class ReconnectionLoop {
  readonly #settings: Settings
  readonly #sink: EventSink
  readonly #intake: EventIntake
  readonly #history: FailureHistory
  readonly #states: StateMachine
  readonly #deadlines: Deadlines
  readonly #total: Deadline
  readonly #pause: PagePause
  readonly #pace: RequestPace = new RequestPace()
  #interruption: Interruption = new Interruption()
  #isAttempting = false
  #isOver = false
  #attempts = 0
  #hasAsked = false
  #lastAttempt: Attempt | undefined = undefined

  constructor(settings: Settings, sink: EventSink, onStateChange: (state: SubscriptionState) => void) {
    const { clock, timeouts } = settings
    this.#settings = settings
    this.#sink = sink
    this.#states = new StateMachine(onStateChange)
    this.#deadlines = new Deadlines(clock, timeouts, (error) => this.#interruption.interrupt(error))
    this.#total = new Deadline(clock, timeouts.total, () =>
      this.#finish({ reason: timeoutError("total", timeouts.total) }),
    )
    this.#intake = new EventIntake(settings, sink, () => this.#deadlines.sawEvent())
    this.#history = new FailureHistory(settings)
    this.#pause = new PagePause(settings, () => {
      if (this.#isAttempting) this.#interruption.interrupt()
    })
  }

  get state(): SubscriptionState {
    return this.#states.state
  }

  /** How many attempts were made after the first one. */
  get retries(): number {
    return Math.max(0, this.#attempts - 1)
  }

  /** The consumer waits for an event, or is busy. */
  consumerWaits(waits: boolean): void {
    this.#deadlines.consumerWaits(waits)
  }

  start(): void {
    this.#history.start()
    this.#total.restart()
    this.#pause.watch()
    void this.#run()
  }

  /** Ends everything at once; the sink is not told. */
  close(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#total.stop()
    this.#deadlines.left()
    this.#pause.stop()
    this.#intake.stop()
    this.#interruption.interrupt()
    this.#states.move("ended")
  }

  /** An end that the sink is told of. */
  #finish(failure?: Failure): void {
    if (this.#isOver) return
    this.close()
    this.#sink.end(failure)
  }

  async #run(): Promise<void> {
    try {
      if (this.#pause.isPaused) await this.#rest("paused")
      while (!this.#isOver) {
        const outcome = await this.#attempt()
        if (this.#isOver) return
        if (outcome === "ended") return this.#finish()
        if (outcome === "paused") await this.#rest("paused")
        else await this.#settle(outcome)
      }
    } catch (error) {
      this.#finish({ reason: error instanceof Misuse ? error.reason : error })
    }
  }

  async #attempt(): Promise<SseError | "ended" | "paused"> {
    const interruption = this.#begin()
    try {
      const opened = await this.#settings.transport.open(this.#attemptOf(interruption), this.#contextOf(interruption))
      if (opened === undefined) return "ended"
      return await this.#read(opened, interruption)
    } catch (error) {
      if (error instanceof Misuse) throw error
      return error === INTERRUPTED ? "paused" : connectionError("the connection broke", error)
    } finally {
      this.#isAttempting = false
      this.#deadlines.left()
      interruption.interrupt()
    }
  }

  #attemptOf({ signal }: Interruption): Attempt {
    this.#lastAttempt = { ...this.#history.next, lastEventId: this.#intake.cursor, signal }
    return this.#lastAttempt
  }

  #begin(): Interruption {
    this.#interruption = new Interruption()
    this.#isAttempting = true
    this.#attempts++
    this.#history.begin()
    this.#deadlines.connecting()
    return this.#interruption
  }

  async #read({ source, info }: Opened, interruption: Interruption): Promise<SseError | "ended"> {
    const { hooks, report } = this.#settings
    try {
      interruption.check()
      this.#intake.begin()
      this.#history.opened()
      this.#deadlines.opened()
      this.#states.move("opened")
      interruption.check()
      callHook(hooks.onOpen, info, report)
      return await this.#readChunks(source, interruption)
    } finally {
      source.cancel()
    }
  }

  async #readChunks(source: ChunkSource, interruption: Interruption): Promise<SseError | "ended"> {
    for (;;) {
      const room = this.#sink.room()
      if (room !== undefined) await interruption.wait(() => room)
      const { done, value } = await interruption.wait(() => source.read())
      if (done === true) return this.#cleanEnd()
      this.#deadlines.sawBytes()
      this.#intake.feed(value)
      if (this.#intake.sawNewId) this.#history.sawNewId()
      if (this.#intake.isComplete) return "ended"
    }
  }

  /** The server has ended the stream: what that means. */
  #cleanEnd(): SseError | "ended" {
    const { until, reconnects } = this.#settings
    if (until !== undefined) {
      return new SseTruncatedError('Cannot finish event stream: it must not end before "until" is met', "until", true)
    }
    return reconnects ? new SseConnectionError("Cannot read event stream: the server has ended it") : "ended"
  }

  /** Ends the subscription with `error`, or waits for the next attempt. */
  async #settle(error: SseError): Promise<void> {
    const { reconnects, hooks, report } = this.#settings
    const decision = this.#history.settle(error, this.#lastAttempt!, this.#intake.serverDelay)
    if (!reconnects || decision === "stop") return this.#finish({ reason: error })
    if (decision === "exhausted") return this.#finish({ reason: this.#history.exhausted() })
    await this.#rest("failed", decision, () => {
      callHook(hooks.onRetry, { attempt: this.#history.next.number, delay: decision, error }, report)
    })
  }

  /** Waits between two attempts: at least for `ms` milliseconds, and as long as the page is paused. */
  async #rest(transition: "failed" | "paused", ms = 0, onRest: () => void = () => {}): Promise<void> {
    const interruption = (this.#interruption = new Interruption())
    this.#states.move(transition)
    if (this.#isOver) return
    onRest()
    try {
      if (this.#isOver) return
      await this.#sleep(ms, interruption, this.#settings.waitForOnline ? this.#pause.change() : undefined)
      while (this.#pause.isPaused) await interruption.wait(() => this.#pause.change())
      this.#states.move("due")
    } catch (error) {
      if (error !== INTERRUPTED) throw error
    }
  }

  #contextOf(interruption: Interruption): AttemptContext {
    const { clock } = this.#settings
    return {
      interruption,
      isFirst: !this.#hasAsked,
      takeTurn: async () => {
        await this.#sleep(this.#pace.delayAt(clock.now()), interruption)
        this.#pace.begin(clock.now())
        this.#hasAsked = true
      },
      after: (ms, run) => {
        const timer = clock.setTimeout(run, ms)
        return () => clock.clearTimeout(timer)
      },
    }
  }

  /** A pause of `ms` milliseconds that the interruption breaks and `wake` ends early. */
  async #sleep(ms: number, interruption: Interruption, wake?: Promise<void>): Promise<void> {
    if (ms <= 0) return
    let timer: Deadline | undefined
    const due = new Promise<void>((resolve) => {
      timer = new Deadline(this.#settings.clock, ms, resolve)
      timer.restart()
      void wake?.then(resolve)
    })
    try {
      await interruption.wait(() => due)
    } finally {
      timer?.stop()
    }
  }
}
