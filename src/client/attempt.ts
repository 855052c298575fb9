/* Law: one attempt, from asking to its end. Every wait of it is its step's, so that whatever ends the step ends it. */
import { SseConnectionError, SseError, SseTruncatedError } from "../errors.ts"
import type { Step } from "../internal/step.ts"
import type { ChunkSource } from "../parser/index.ts"
import { createConnector } from "./connection.ts"
import type { Deadlines } from "./deadlines.ts"
import type { EventIntake } from "./event-intake.ts"
import type { EventSink } from "./event-queue.ts"
import { attempted } from "./failed-attempt.ts"
import type { Attempt } from "./options.ts"
import type { Settings } from "./settings.ts"

/** Why an attempt is over: it has failed, it was the last, or the page was hidden. */
export type Outcome = SseError | "ended" | "paused"

/** What makes the attempts of one subscription; it throws what is misuse, which no attempt can mend. */
export function createAttempts(
  settings: Settings,
  sink: EventSink,
  intake: EventIntake,
  deadlines: Deadlines,
): (attempt: Attempt, step: Step, onOpened: () => void) => Promise<Outcome> {
  const connect = createConnector(settings)
  return async (attempt, step, onOpened) => {
    deadlines.begin(step)
    intake.openedAt = Infinity
    intake.sawNewId = false
    intake.parser.reset()
    let source: ChunkSource | undefined
    try {
      const opened = await connect(attempt, step)
      if (opened === undefined) return "ended"
      source = opened[0]
      step.check()
      intake.openedAt = settings.clock.now()
      deadlines.opened()
      onOpened()
      step.check()
      settings.tell(settings.onOpen, opened[1])
      return await read(source, step, settings, sink, intake, deadlines)
    } catch (error) {
      if (SseError.is(error)) return error
      if (step.signal.aborted) return "paused"
      throw error
    } finally {
      source?.cancel()
      step.end()
    }
  }
}

async function read(
  source: ChunkSource,
  { wait, check }: Step,
  settings: Settings,
  sink: EventSink,
  intake: EventIntake,
  deadlines: Deadlines,
): Promise<Outcome> {
  while (!intake.isComplete) {
    const room = sink.room()
    if (room) await wait(() => room)
    const { done, value } = await wait(() => attempted(() => source.read()))
    check()
    if (done === true) return cleanEnd(settings)
    deadlines.sawBytes()
    intake.parser.feed(value)
    check()
    intake.tellCursor()
  }
  return "ended"
}

/** The server has ended the stream: what that means. */
function cleanEnd({ until, reconnects }: Settings): Outcome {
  if (until !== undefined) {
    return new SseTruncatedError('Cannot finish event stream: it must not end before "until" is met', "until", true)
  }
  return reconnects ? new SseConnectionError("Cannot read event stream: the server has ended it") : "ended"
}
