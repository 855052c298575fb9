/*
 * The one loop over the attempts of a subscription. Whatever happens to an attempt ends its step; the loop alone decides
 * what follows, and nothing happens after its end. Where events go is the sink's concern.
 */
import { SseError } from "../errors.ts"
import type { SseEvent } from "../event.ts"
import type { Failure } from "../internal/channel.ts"
import { copyOf } from "../internal/copy.ts"
import { Step } from "../internal/step.ts"
import { createAttempts } from "./attempt.ts"
import { Deadlines, timeoutError } from "./deadlines.ts"
import { EventIntake } from "./event-intake.ts"
import type { EventSink } from "./event-sink.ts"
import type { RetryInfo } from "./hooks.ts"
import { PageWatch } from "./page.ts"
import { RetryBudget } from "./retry-budget.ts"
import type { Settings } from "./settings.ts"
import { type SubscriptionEnd, type SubscriptionState, type Transition, TRANSITIONS } from "./state.ts"

export class ReconnectionLoop {
  /** Assigned by `#move` alone. */
  state: SubscriptionState = "connecting"
  /** How many attempts were made after the first one. */
  retries: number = 0
  /** How it ended, unless it was closed. */
  ending: SubscriptionEnd | undefined = undefined
  readonly #settings: Settings
  readonly #sink: EventSink
  readonly #onStateChange: (state: SubscriptionState) => void
  readonly #deadlines: Deadlines
  /** From the start to the end. */
  readonly #whole: Step
  /** An attempt, or the wait for one. */
  #step: Step
  #isClosed = false
  /** The `number` of the last attempt. */
  #number = 0

  constructor(settings: Settings, sink: EventSink, onStateChange: (state: SubscriptionState) => void) {
    this.#settings = settings
    this.#sink = sink
    this.#onStateChange = onStateChange
    this.#deadlines = new Deadlines(settings)
    this.#whole = new Step(settings.clock)
    this.#step = new Step(settings.clock)
  }

  /** The consumer waits for an event, or is busy. */
  onConsumer(isWaiting: boolean): void {
    this.#deadlines.onConsumer(isWaiting)
  }

  start(): void {
    // After the end, this is the rejection of a wait, and there is nothing to report.
    this.#run().catch((error: unknown) => this.#finish([error]))
  }

  /** Ends everything at once, without a call of the sink. */
  close(): void {
    this.#isClosed = true
    this.#stop()
  }

  /** Ends everything, and the sink with it. */
  #finish(failure?: Failure, reason: SubscriptionEnd["reason"] = "error", unfinished?: SseEvent): void {
    if (this.#whole.signal.aborted) return
    const { until } = this.#settings
    const mark = reason === "until" && typeof until === "string" ? until : undefined
    this.ending = { reason, mark, ...(unfinished && { unfinished }) }
    this.#stop()
    // A listener of the last state may have closed it.
    if (!this.#isClosed) this.#sink.end(failure)
  }

  #stop(): void {
    this.#whole.end()
    this.#step.end()
    this.#move("ended")
  }

  #move(transition: Transition): void {
    const next = TRANSITIONS[this.state][transition]
    if (next) this.#onStateChange((this.state = next))
  }

  /** Ends the step that is under way, and begins the next one. */
  #begin(): Step {
    // First, since a listener of its signal may close everything.
    this.#step.end()
    this.#whole.check()
    return (this.#step = new Step(this.#settings.clock))
  }

  /** @throws the failure that ends the subscription. */
  async #run(): Promise<void> {
    const settings = this.#settings
    const sink = this.#sink
    const budget = new RetryBudget(settings)
    const intake = new EventIntake(settings, sink, this.#deadlines)
    this.#whole.check()
    const makeAttempt = createAttempts(settings, sink, intake, this.#deadlines, () => this.#move("opened"))
    const page = this.#watch(intake)
    if (page.isPaused) await this.#wait(page)
    for (let attempts = 0; ; attempts++) {
      const step = this.#begin()
      this.retries = attempts
      const lastEventId = copyOf(intake.parser.lastEventId)
      const { last } = budget
      const number = (this.#number = last?.attempt ?? 0)
      const attempt = { number, error: last?.error, lastEventId, signal: step.signal }
      let retry: RetryInfo | undefined
      try {
        return this.#finish(undefined, await makeAttempt(attempt, step), intake.unfinished)
      } catch (error) {
        this.#whole.check()
        const wasEnded = step.signal.aborted
        step.end()
        budget.renew(intake)
        if (SseError.is(error)) {
          sink.moveCursor(intake.parser.lastEventId)
          this.#locate(error, intake)
          retry = budget.next(error, attempt, intake)
        } else if (!wasEnded) throw error
      }
      await this.#wait(page, retry)
    }
  }

  /** Watches the page and the total time until the end. */
  #watch(intake: EventIntake): PageWatch {
    const settings = this.#settings
    const whole = this.#whole
    const { total } = settings.timeouts
    const page = new PageWatch(settings, whole.signal, () => {
      if (this.state !== "waiting") this.#step.end()
    })
    whole.after("total", total, () => this.#finish([this.#locate(timeoutError("total", total), intake)]))
    whole.signal.addEventListener("abort", () => intake.parser.reset())
    return page
  }

  /** Adds the attempt, and the last event ID so far, to the error that ended it. */
  #locate(error: SseError, { parser }: EventIntake): SseError {
    const members = { attempt: this.#number, lastEventId: copyOf(parser.lastEventId) }
    for (const [name, value] of Object.entries(members)) {
      // Not `defineProperty` of Object, which throws if a function of the caller threw a frozen error.
      Reflect.defineProperty(error, name, { value, configurable: true })
    }
    return error
  }

  /** Waits for the next attempt: for the delay of a retry, and as long as the page is paused. */
  async #wait(page: PageWatch, retry?: RetryInfo): Promise<void> {
    const { callHook, onRetry, waitForOnline } = this.#settings
    const step = this.#begin()
    this.#move(retry ? "failed" : "paused")
    step.check()
    if (retry) callHook(onRetry, retry)
    await step.sleep(retry?.delay ?? 0, waitForOnline ? page.change("online") : undefined)
    while (page.isPaused) await step.wait(() => page.change())
    this.#move("due")
  }
}
