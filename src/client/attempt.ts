/* Law: one attempt, from asking to its end. Every wait of it is its step's, so that whatever ends the step ends it. */
import { SseConnectionError, SseTruncatedError } from "../errors.ts"
import type { Step } from "../internal/step.ts"
import type { Connector } from "./connection.ts"
import type { Deadlines } from "./deadlines.ts"
import type { EventIntake } from "./event-intake.ts"
import type { EventSink } from "./event-queue.ts"
import { attempted } from "./failed-attempt.ts"
import type { Attempt } from "./options.ts"
import type { Settings } from "./settings.ts"

/**
 * Makes an attempt; it fulfils where no other is to follow.
 *
 * @throws SseError where it failed; what was thrown otherwise is misuse, which no attempt can mend.
 */
export async function makeAttempt(
  attempt: Attempt,
  step: Step,
  connect: Connector,
  { clock, until, reconnects, tell, onOpen }: Settings,
  sink: EventSink,
  intake: EventIntake,
  deadlines: Deadlines,
  move: (transition: "opened") => void,
): Promise<void> {
  const opened = await connect(attempt, step)
  if (opened === undefined) return
  const [source, info] = opened
  const { parser } = intake
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
      if (done === true) {
        if (until !== undefined) throw new SseTruncatedError(TRUNCATED, "until", true)
        if (reconnects) throw new SseConnectionError("Cannot read event stream: the server has ended it")
        return
      }
      deadlines.sawBytes()
      parser.feed(value)
      step.check()
      sink.moveCursor(parser.lastEventId)
    }
  } finally {
    source.cancel()
  }
}

const TRUNCATED = 'Cannot read event stream: it must not end before "until" is met'
