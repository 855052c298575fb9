/* One attempt, from the request to its end. Every wait of it is a wait of its step, so that ending the step ends it. */
import { SseConnectionError, SseResponseError, SseTruncatedError } from "../errors.ts"
import type { Step } from "../internal/step.ts"
import type { SourceReader } from "../parser/index.ts"
import { AttemptMeter } from "./attempt-meter.ts"
import { Connector } from "./connect.ts"
import { wrapFailure } from "./connection-failure.ts"
import type { Deadlines } from "./deadlines.ts"
import type { EventIntake } from "./event-intake.ts"
import type { EventSink } from "./event-sink.ts"
import type { Attempt } from "./options.ts"
import type { Settings } from "./settings.ts"
import type { SubscriptionEnd } from "./state.ts"

type MakeAttempt = (attempt: Attempt, step: Step) => Promise<SubscriptionEnd["reason"]>

/**
 * Returns the function that makes the attempts of one subscription. An attempt fulfils if no other follows, with the reason;
 * it rejects with an SseError if it failed, and with anything else after misuse, which no retry can repair.
 */
export function createAttempts(
  settings: Settings,
  sink: EventSink,
  intake: EventIntake,
  deadlines: Deadlines,
  onOpened: () => void,
): MakeAttempt {
  const { clock, callHook, onOpen } = settings
  const connector = new Connector(settings, deadlines)
  const run: MakeAttempt = async (attempt, step) => {
    deadlines.begin(step)
    intake.begin()
    const opened = await connector.connect(attempt, step)
    if (opened === undefined) return "no-content"
    const [source, info] = opened
    try {
      step.check()
      intake.openedAt = clock.now()
      deadlines.onOpen()
      intake.meter?.onOpen(info.status)
      onOpened()
      step.check()
      callHook(onOpen, info)
      return await readAll(source, step, settings, sink, intake, deadlines)
    } finally {
      source.cancel()
    }
  }
  return settings.onMetrics === undefined ? run : measured(run, settings, intake)
}

/** Reads the events of a connection. */
async function readAll(
  source: SourceReader,
  step: Step,
  settings: Settings,
  sink: EventSink,
  intake: EventIntake,
  deadlines: Deadlines,
): Promise<"eof" | "until"> {
  const { parser } = intake
  while (!intake.isComplete) {
    const room = sink.room()
    if (room) await step.wait(() => room.then(() => deadlines.onPause()))
    const { done, value } = await step.wait(() => wrapFailure(() => source.read()))
    step.check()
    if (done === true) {
      intake.end()
      return checkEnd(settings)
    }
    deadlines.onBytes()
    intake.meter?.onBytes(value.length)
    parser.feed(value)
    step.check()
    sink.moveCursor(parser.lastEventId)
  }
  return "until"
}

/** Measures each attempt that `run` makes. */
function measured(run: MakeAttempt, { clock, callHook, onMetrics }: Settings, intake: EventIntake): MakeAttempt {
  return async (attempt, step) => {
    const meter = (intake.meter = new AttemptMeter(clock, attempt.number))
    try {
      const reason = await run(attempt, step)
      callHook(onMetrics, meter.end(reason === "no-content" ? 204 : undefined))
      return reason
    } catch (error) {
      callHook(onMetrics, meter.end(error instanceof SseResponseError ? error.status : undefined, error))
      throw error
    }
  }
}

/** The server has ended the stream. @throws SseError if that is a failure. */
function checkEnd({ until, reconnects, normalEnd }: Settings): "eof" {
  if (until !== undefined) {
    throw new SseTruncatedError('Cannot read event stream: it must not end before "until"', "until", true)
  }
  if (reconnects) {
    const advice = `if that is its normal end, ${normalEnd}, or answer the next request with 204`
    throw new SseConnectionError(`Cannot read event stream: the server closed the stream (${advice})`)
  }
  return "eof"
}
