import type { SseValidationError } from "../errors.ts"
import type { SseEvent } from "../event.ts"
import type { AnyEvent, EventDecoder } from "./event-contract.ts"
import { reportRejection } from "../internal/hook.ts"
import { throwAtEnd } from "./end-event.ts"
import { ContractReader } from "./event-reader.ts"
import { json, type MemberMap, type ResolvedMember } from "./member.ts"
import { formMismatch, nameMismatch, schemaMismatch } from "./mismatch.ts"
import { isPromise, validate, type Verdict } from "./standard-schema.ts"

/**
 * Options of {@link defineEvents} for read events that do not match. A skipped event also moves the last event ID. A
 * function may throw to end the iteration; what an async function rejects with is reported as an uncaught error is.
 */
export interface DefineEventsOptions {
  /**
   * What to do with an event whose name is not in the contract: skip it, throw an {@link SseValidationError}, or call a
   * function with the event and skip it. The event `steadystream.end`, which ends a stored answer that is not whole, always
   * throws an {@link SseProviderError}, unless the contract has an event with this name.
   * @defaultValue `"skip"`
   */
  readonly unknown?: "skip" | "error" | ((event: SseEvent) => void) | undefined
  /**
   * What to do with an event whose data does not match: throw an {@link SseValidationError}, skip the event, or call a
   * function with the error and skip the event.
   * @defaultValue `"error"`
   */
  readonly invalid?: "skip" | "error" | ((error: SseValidationError) => void) | undefined
}

/** The reading half of a contract. */
export function createDecoder(members: MemberMap, options: DefineEventsOptions): EventDecoder<AnyEvent> {
  const onUnknown = handlerOf(options.unknown ?? "skip", (event: SseEvent) => nameMismatch(event, members.keys()))
  const onInvalid = handlerOf(options.invalid ?? "error", (error: SseValidationError) => error)

  function settle(event: SseEvent, verdict: Verdict): AnyEvent | undefined {
    if (verdict.issues !== undefined) return onInvalid(schemaMismatch(event, verdict))
    return withData(event, verdict.value)
  }

  function decodeBy(member: ResolvedMember, event: SseEvent): ReturnType<EventDecoder<AnyEvent>["decode"]> {
    // Some servers send such data to open a stream or to keep it open; it is never JSON.
    if (member.codec === json && /^(?:ping)?$/.test(event.data)) return undefined
    let data: unknown
    try {
      data = member.codec.decode(event.data)
    } catch (error) {
      return onInvalid(formMismatch(event, member, error))
    }
    if (member.schema === undefined) return withData(event, data)
    const verdict = validate(member.schema, data)
    return isPromise(verdict) ? verdict.then((late) => settle(event, late)) : settle(event, verdict)
  }

  const decode: EventDecoder<AnyEvent>["decode"] = (event) => {
    const member = members.get(event.event)
    if (member !== undefined) return decodeBy(member, event)
    throwAtEnd(event)
    return onUnknown(event)
  }
  return { decode, read: (source, signal) => new ContractReader(source, decode, signal) }
}

function withData({ event, id, lastEventId }: SseEvent, data: unknown): AnyEvent {
  return { event, data, id, lastEventId }
}

/** The policy as a function that throws or returns `undefined`, which skips the event. */
function handlerOf<Value>(
  policy: "skip" | "error" | ((value: Value) => void),
  errorOf: (value: Value) => SseValidationError,
): (value: Value) => undefined {
  return (value) => {
    if (policy === "error") throw errorOf(value)
    if (policy !== "skip") reportRejection(policy(value))
  }
}
