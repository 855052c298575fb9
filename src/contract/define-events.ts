import { checkNames, checkOptions, type OptionKinds } from "../internal/option-checks.ts"
import { GAP_EVENT } from "../internal/reserved-events.ts"
import type { EventContract } from "./event-contract.ts"
import { createDecoder, type DefineEventsOptions } from "./event-decoder.ts"
import { createEncoder } from "./event-encoder.ts"
import { type EventMember, type MemberInput, type MemberMap, type MemberOutput, resolveMember } from "./member.ts"

/**
 * Defines the events of a stream by name, for both the writing and the reading side. Each member is a Standard Schema (of
 * zod, valibot, arktype, ...) or `type()` for JSON, `text()` for plain text, or `codec()` for any other form.
 *
 * A written event is validated, and its data is sent as the caller passed it. A read event has the output of its schema,
 * in a union discriminated on `event`. An event without a name is called `message`. Empty data and the filler `ping` of an
 * event that is defined by JSON are skipped, as heartbeats.
 *
 * @throws TypeError if a member is none of these, or if a name is empty, contains a line break, or is
 * `steadystream.gap`, which is reserved for this package.
 * @see https://standardschema.dev
 * @example
 * ```ts
 * import { defineEvents, encodeEvent, readEvents, text, type } from "steadystream"
 *
 * const events = defineEvents({ delta: text(), done: type<{ tokens: number }>() })
 *
 * const stream =
 *   encodeEvent(events.encode({ event: "delta", data: "Hello" })) +
 *   encodeEvent(events.encode({ event: "done", data: { tokens: 1 } }))
 *
 * for await (const event of readEvents(stream, { events })) {
 *   if (event.event === "delta") console.log(event.data)
 *   else console.log(event.data.tokens)
 * }
 * ```
 */
export function defineEvents<Members extends { readonly [name: string]: EventMember }>(
  members: Members,
  options: DefineEventsOptions = {},
): EventContract<
  { [Name in keyof Members]: MemberOutput<Members[Name]> },
  { [Name in keyof Members]: MemberInput<Members[Name]> }
> {
  checkNames("members", members, members)
  const kind = '"skip", "error" or a function'
  checkOptions(options, { unknown: kind, invalid: kind } satisfies OptionKinds<DefineEventsOptions>)
  const resolved = resolveMembers(members)
  const contract = { ...createEncoder(resolved), ...createDecoder(resolved, options) }
  return contract as unknown as ReturnType<typeof defineEvents<Members>>
}

/** Why a Map: in it, `__proto__` and `constructor` are names like any other. */
function resolveMembers(members: Readonly<Record<string, unknown>>): MemberMap {
  const resolved: MemberMap = new Map()
  for (const [name, member] of Object.entries(members)) {
    const quoted = JSON.stringify(name)
    if (name === "") throw new TypeError(`Cannot define events: a name must not be empty, the default is "message"`)
    if (/[\r\n]/.test(name))
      throw new TypeError(`Cannot define event ${quoted}: its name must not contain a line break`)
    // The client removes it from the stream before the contract sees it.
    if (name === GAP_EVENT)
      throw new TypeError(`Cannot define event ${quoted}: its name must not be reserved for steadystream`)
    const one = resolveMember(member)
    if (one === undefined) {
      throw new TypeError(`Cannot define event ${quoted}: it must be a Standard Schema, type(), text() or codec()`)
    }
    resolved.set(name, one)
  }
  return resolved
}
