/*
 * Makes every SseValidationError of a contract. A message holds only names of the contract and counts, never text of the
 * data, of the schema or of the peer.
 */
import { SseValidationError } from "../errors.ts"
import type { SseEvent } from "../event.ts"
import type { ResolvedMember } from "./member.ts"
import type { Refusal } from "./standard-schema.ts"

/** The event that does not match: its name in the contract and, if it was read, its last event ID. */
export interface Subject {
  readonly event: string
  readonly lastEventId?: string | undefined
}

/** The schema rejects the data. */
export function schemaMismatch(subject: Subject, { issues, cause }: Refusal): SseValidationError {
  const count = issues.length === 1 ? "1 issue" : `${issues.length} issues`
  return mismatch(subject, `"data" must match its schema (${count})`, { issues, cause })
}

/** The data cannot be converted to text, or the text cannot be converted to data. */
export function formMismatch(subject: Subject, { form }: ResolvedMember, cause?: unknown): SseValidationError {
  return mismatch(subject, `"data" must be ${form}`, { issues: [{ message: `must be ${form}` }], cause })
}

/** The contract has no event of this name. */
export function nameMismatch({ event, lastEventId }: SseEvent, names: Iterable<string>): SseValidationError {
  const reason = `must be ${oneOf(names)}`
  return new SseValidationError(`Cannot read event: its name ${reason}`, {
    event,
    lastEventId,
    issues: [{ message: reason }],
    cause: undefined,
  })
}

/** The allowed names, for messages. */
export function oneOf(names: Iterable<string>): string {
  return `one of the contract: ${Array.from(names, (name) => JSON.stringify(name)).join(", ")}`
}

function mismatch({ event, lastEventId }: Subject, reason: string, why: Refusal): SseValidationError {
  const action = lastEventId === undefined ? "encode" : "read"
  return new SseValidationError(`Cannot ${action} event ${JSON.stringify(event)}: ${reason}`, {
    event,
    lastEventId,
    issues: why.issues,
    cause: why.cause,
  })
}
