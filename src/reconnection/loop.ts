/*
 * Law: the one loop over the attempts of a subscription. Whatever happens to an attempt ends its step; the loop alone
 * decides what follows, and nothing happens once it is over. Where events go is the sink's concern.
 */
import { SseError } from "../errors.ts"
import type { Failure } from "../internal/channel.ts"
import { createStep, type Step } from "../internal/step.ts"
import { createAttempts } from "./attempt.ts"
import { createDeadlines, type Deadlines, timeoutError } from "./deadlines.ts"
import { createEventIntake } from "./event-intake.ts"
import type { EventSink } from "./event-sink.ts"
import { createFailureHistory } from "./retry-budget.ts"
import type { RetryInfo } from "./hooks.ts"
import { type PageWatch, watchPage } from "./page.ts"
import type { Settings } from "./settings.ts"
import { type SubscriptionState, type Transition, TRANSITIONS } from "./state.ts"

export interface ReconnectionLoop {
  readonly state: SubscriptionState
  /** How many attempts were made after the first one. */
  readonly retries: number
  /** The consumer waits for an event, or is busy. */
  readonly consumerWaits: (waits: boolean) => void
  readonly start: () => void
  /** Ends everything at once; the sink is not told. */
  readonly close: () => void
}

/** The loop as its own parts see it. */
interface Run extends ReconnectionLoop {
  state: SubscriptionState
  retries: number
  /** What is under way: an attempt, or the wait for one. */
  step: Step
  /** From the start to the end. */
  readonly whole: Step
  /** Follows the table of states. */
  readonly move: (transition: Transition) => void
  /** Ends what is under way; what it gives is so from then on. */
  readonly begin: () => Step
  /** An end that the sink is told of. */
  readonly finish: (failure?: Failure) => void
}

export function createLoop(
  settings: Settings,
  sink: EventSink,
  onStateChange: (state: SubscriptionState) => void,
): ReconnectionLoop {
  const { clock, timeouts } = settings
  const whole = createStep(clock)
  const deadlines = createDeadlines(timeouts)
  let isClosed = false
  const run: Run = {
    state: "connecting",
    retries: 0,
    step: createStep(clock),
    whole,
    consumerWaits: deadlines.consumerWaits,
    move(transition) {
      const next = TRANSITIONS[run.state][transition]
      if (next) onStateChange((run.state = next))
    },
    begin() {
      // First, since what listens to its signal may close everything.
      run.step.end()
      whole.check()
      return (run.step = createStep(clock))
    },
    start() {
      // Once it is over, what was thrown came out of a wait, and nobody is told.
      runLoop(run, settings, sink, deadlines).catch((error: unknown) => run.finish([error]))
    },
    close() {
      isClosed = true
      stop(run)
    },
    finish(failure) {
      if (whole.signal.aborted) return
      stop(run)
      // Whoever was told of the end may have closed it.
      if (!isClosed) sink.end(failure)
    },
  }
  return run
}

function stop({ whole, step, move }: Run): void {
  whole.end()
  step.end()
  move("ended")
}

/** @throws what ends it, where that is a failure. */
async function runLoop(run: Run, settings: Settings, sink: EventSink, deadlines: Deadlines): Promise<void> {
  const { whole } = run
  const { total } = settings.timeouts
  const history = createFailureHistory(settings)
  const intake = createEventIntake(settings, sink, deadlines.sawEvent)
  whole.check()
  const makeAttempt = createAttempts(settings, sink, intake, deadlines, run.move)
  const page = watchPage(settings, () => {
    if (run.state !== "waiting") run.step.end()
  })
  whole.after("total", total, () => run.finish([timeoutError("total", total)]))
  whole.signal.addEventListener("abort", () => {
    page.stop()
    intake.parser.reset()
  })
  if (page.isPaused()) await rest(run, settings, page)
  let last: RetryInfo | undefined
  for (let attempts = 0; ; attempts++) {
    const step = run.begin()
    run.retries = attempts
    const { lastEventId } = intake.parser
    const attempt = { number: last?.attempt ?? 0, error: last?.error, lastEventId, signal: step.signal }
    let retry: RetryInfo | undefined
    try {
      await makeAttempt(attempt, step)
      return run.finish()
    } catch (error) {
      whole.check()
      const wasEnded = step.signal.aborted
      step.end()
      if (history.sawHealth(intake)) last = undefined
      if (SseError.is(error)) {
        sink.moveCursor(intake.parser.lastEventId)
        retry = history.judge(error, attempt, intake)
        last = retry
      } else if (!wasEnded) throw error
    }
    await rest(run, settings, page, retry)
  }
}

/** Waits for the next attempt: for the delay where one has failed, and as long as the page is paused. */
async function rest(
  run: Run,
  { tell, onRetry, waitForOnline }: Settings,
  page: PageWatch,
  retry?: RetryInfo,
): Promise<void> {
  const step = run.begin()
  run.move(retry ? "failed" : "paused")
  step.check()
  if (retry) tell(onRetry, retry)
  await step.sleep(retry?.delay ?? 0, waitForOnline ? page.change("online") : undefined)
  while (page.isPaused()) await step.wait(() => page.change())
  run.move("due")
}
