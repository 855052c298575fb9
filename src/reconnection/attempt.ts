/* Law: one attempt, from asking to its end. Every wait of it is its step's, so that whatever ends the step ends it. */
import { SseConnectionError, SseTruncatedError } from "../errors.ts"
import type { Step } from "../internal/step.ts"
import { createConnector } from "./connect.ts"
import type { Deadlines } from "./deadlines.ts"
import type { EventIntake } from "./event-intake.ts"
import type { EventSink } from "./event-sink.ts"
import { attempted } from "./failed-attempt.ts"
import type { Attempt } from "./options.ts"
import type { Settings } from "./settings.ts"

/**
 * What makes the attempts of one subscription. An attempt fulfils where no other is to follow; it rejects with an SseError
 * where it failed, and with anything else where that is misuse, which no attempt can mend.
 */
export function createAttempts(
  settings: Settings,
  sink: EventSink,
  intake: EventIntake,
  deadlines: Deadlines,
  move: (transition: "opened") => void,
): (attempt: Attempt, step: Step) => Promise<void> {
  const { clock, tell, onOpen } = settings
  const { parser } = intake
  const connect = createConnector(settings, deadlines.answered)
  return async (attempt, step) => {
    deadlines.begin(step)
    intake.begin()
    const opened = await connect(attempt, step)
    if (opened === undefined) return
    const [source, info] = opened
    try {
      step.check()
      intake.openedAt = clock.now()
      deadlines.opened()
      move("opened")
      step.check()
      tell(onOpen, info)
      while (!intake.isComplete) {
        const room = sink.room()
        if (room) await step.wait(() => room)
        const { done, value } = await step.wait(() => attempted(() => source.read()))
        step.check()
        if (done === true) return checkEnd(settings)
        deadlines.sawBytes()
        parser.feed(value)
        step.check()
        sink.moveCursor(parser.lastEventId)
      }
    } finally {
      source.cancel()
    }
  }
}

/** The server has ended the stream: @throws where that is a failure. */
function checkEnd({ until, reconnects }: Settings): void {
  if (until !== undefined) {
    throw new SseTruncatedError('Cannot read event stream: it must not end before "until" is met', "until", true)
  }
  if (reconnects) throw new SseConnectionError("Cannot read event stream: the server has ended it")
}
