/*
 * Encodes events of a contract. The text is made from the data that the caller passed, and only if the schema accepted
 * that data.
 */
import type { SseControlInit, SseEventInit } from "../event.ts"
import { checkEventMembers } from "../internal/event-members.ts"
import { ignore } from "../internal/cancel.ts"
import type { EventEncoder } from "./event-contract.ts"
import type { MemberMap, ResolvedMember } from "./member.ts"
import { formMismatch, oneOf, schemaMismatch } from "./mismatch.ts"
import { isPromise, validate, type Verdict } from "./standard-schema.ts"

/** An event to write whose data is not text yet. */
export interface DataInit extends Omit<SseEventInit, "data"> {
  readonly data?: unknown
}

/** The writing half of a contract. */
export function createEncoder(members: MemberMap): EventEncoder<DataInit> {
  return {
    encode(init) {
      const wire = encodeInit(members, init)
      if (!isPromise(wire)) return wire
      wire.catch(ignore)
      const name = JSON.stringify(init.event ?? "message")
      throw new TypeError(
        `Cannot encode event ${name}: encodeAsync() must be used, because the schema returns a promise`,
      )
    },
    async encodeAsync(init) {
      return encodeInit(members, init)
    },
  }
}

function encodeInit(members: MemberMap, init: DataInit): SseEventInit | Promise<SseEventInit> {
  checkEventMembers(init)
  // Each member is read only once, so that the checked value is the written value.
  const { event: name, data, id, retry, comment } = init
  // Why `in`: an event with `data: undefined` is a message that fails, not a control block.
  if (name === undefined && !("data" in init)) return controlOf({ id, retry, comment })
  const event = name === undefined || name === "" ? "message" : name
  const member = members.get(event)
  if (member === undefined) throw unknownName(members)
  const wireOf = (text: string): SseEventInit => ({ event, data: text, id, retry, comment })
  const verdict = member.schema === undefined ? undefined : validate(member.schema, data)
  if (!isPromise(verdict)) {
    accept(event, verdict)
    return wireOf(encodeData(event, member, data))
  }
  // Why before the wait: the caller may change the data while the schema validates it.
  const text = attempt(() => encodeData(event, member, data))
  return verdict.then((late) => {
    accept(event, late)
    return wireOf(text())
  })
}

function controlOf({ id, retry, comment }: SseControlInit): SseControlInit {
  return {
    ...(id === undefined ? {} : { id }),
    ...(retry === undefined ? {} : { retry }),
    ...(comment === undefined ? {} : { comment }),
  }
}

function accept(event: string, verdict: Verdict | undefined): void {
  if (verdict?.issues !== undefined) throw schemaMismatch({ event }, verdict)
}

function encodeData(event: string, member: ResolvedMember, data: unknown): string {
  let text: unknown
  try {
    text = member.codec.encode(data)
  } catch (error) {
    throw formMismatch({ event }, member, error)
  }
  if (typeof text !== "string") throw formMismatch({ event }, member)
  return text
}

function attempt<Value>(run: () => Value): () => Value {
  try {
    const value = run()
    return () => value
  } catch (error) {
    return () => {
      throw error
    }
  }
}

function unknownName(members: MemberMap): TypeError {
  const error = new TypeError(`Cannot encode event: "event" must be ${oneOf(members.keys())}`)
  return Object.assign(error, { code: "invalid-field" as const })
}
