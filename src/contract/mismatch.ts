/*
 * Law: every SseValidationError of a contract is made here. A message holds names of the contract and counts, never what
 * came from the data, the schema or the peer.
 */
import { SseValidationError } from "../errors.ts"
import type { SseEvent } from "../event.ts"
import type { ResolvedMember } from "./member.ts"
import type { Refusal } from "./standard-schema.ts"

/** The event that does not fit: of the contract's names, with its cursor where it was read. */
export interface Subject {
  readonly event: string
  readonly lastEventId?: string | undefined
}

/** The schema did not accept the data. */
export function schemaMismatch(subject: Subject, { issues, cause }: Refusal): SseValidationError {
  const count = issues.length === 1 ? "1 issue" : `${issues.length} issues`
  return mismatch(subject, `"data" must match its schema (${count})`, { issues, cause })
}

/** The data cannot be made text, or the text cannot be made data. */
export function formMismatch(subject: Subject, { form }: ResolvedMember, cause?: unknown): SseValidationError {
  return mismatch(subject, `"data" must be ${form}`, { issues: [{ message: `must be ${form}` }], cause })
}

/** The name of an event that was read is not of the contract. */
export function nameMismatch({ event, lastEventId }: SseEvent, names: Iterable<string>): SseValidationError {
  const reason = `must be ${oneOf(names)}`
  return new SseValidationError(`Cannot read event: its name ${reason}`, {
    event,
    lastEventId,
    issues: [{ message: reason }],
    cause: undefined,
  })
}

/** What a name must be, in words. */
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
