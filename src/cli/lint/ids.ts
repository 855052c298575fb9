/* The rules of IDs: whether a reader can resume after every event. */
import type { LintedEvent } from "./framing.ts"
import type { Finding, RuleId } from "./rules.ts"

// oxlint-disable-next-line no-control-regex -- why: a header cannot carry these characters
const UNSENDABLE = /[\0-\u001F\u007F]|^[ \t]|[ \t]$/
const BEYOND_LATIN1 = /[^\0-\u00FF]/

/** Checks the IDs of the events of one response. */
export function* checkIds(events: readonly LintedEvent[]): Generator<Finding, undefined> {
  const seen = new Set<string>()
  for (const event of events) {
    const { id } = event
    if (id === undefined || id === "") continue
    if (UNSENDABLE.test(id)) {
      yield found("ids/unsendable", "No header can carry this ID unchanged, so a reader cannot resume after it.", event)
    } else if (BEYOND_LATIN1.test(id)) {
      yield found("ids/not-latin1", "The ID has characters beyond Latin-1, which some clients cannot send.", event)
    }
    if (seen.has(id)) {
      yield found("ids/duplicate", "An earlier event has the same ID, so a reader may resume at the wrong one.", event)
    }
    seen.add(id)
  }
  // The last event may be an end mark, after which no reader resumes.
  const without = events.slice(0, -1).filter(({ id }) => id === undefined)
  const [first] = without
  if (seen.size > 0 && first !== undefined) {
    const message = `${without.length} of ${events.length} events have no ID, so a reader that resumes gets them again.`
    yield found("ids/missing", message, first)
  }
  return undefined
}

function found(rule: RuleId, message: string, { line, byte }: LintedEvent): Finding {
  return { rule, message, line, byte }
}
