/*
 * Law: a member knows how one event's data becomes text and is made of it, and nothing of names, policies or errors:
 * what it throws is made an SseValidationError by the contract.
 */
import { isStandardSchema, type StandardSchemaV1 } from "./standard-schema.ts"

/** How the data of one event is written and read. */
export interface EventCodec<Input, Output = Input> {
  /** Gives the text of `data`; what it throws becomes an {@link SseValidationError}. */
  encode(data: Input): string
  /** Gives the data of the text; what it throws becomes an {@link SseValidationError}. */
  decode(text: string): Output
}

/** How the data of one event is written and read, with a schema on the side of the data. */
export interface SchemaCodec<Schema extends StandardSchemaV1> {
  /** Validates what is written before `encode`, and what is read after `decode`. */
  readonly schema: Schema
  /** Gives the text of `data`, which the schema has accepted. */
  encode(data: MemberInput<Schema>): string
  /** Gives what the schema is asked about. */
  decode(text: string): unknown
}

/** What an event of a contract may be defined by. */
export type EventMember = StandardSchemaV1 | EventCodec<never, unknown> | SchemaCodec<StandardSchemaV1<never, unknown>>

/** What is written through a member: the input of its schema, where it has one. */
export type MemberInput<Member> = Member extends StandardSchemaV1
  ? NonNullable<Member["~standard"]["types"]>["input"]
  : Member extends SchemaCodec<infer Schema>
    ? MemberInput<Schema>
    : Member extends EventCodec<infer Input, unknown>
      ? Input
      : never

/** What is read through a member: the output of its schema, where it has one. */
export type MemberOutput<Member> = Member extends StandardSchemaV1
  ? NonNullable<Member["~standard"]["types"]>["output"]
  : Member extends SchemaCodec<infer Schema>
    ? MemberOutput<Schema>
    : Member extends EventCodec<never, infer Output>
      ? Output
      : never

/**
 * Defines an event whose data is JSON of the type `T`, without validation.
 *
 * `T` should be what JSON gives back: a `Date` that is written is read as a string.
 *
 * @example
 * ```ts
 * import { defineEvents, type } from "steadystream"
 *
 * const events = defineEvents({ progress: type<{ done: number; total: number }>() })
 * events.encode({ event: "progress", data: { done: 1, total: 3 } }).data // '{"done":1,"total":3}'
 * ```
 */
export function type<T>(): EventCodec<T> {
  return json as EventCodec<T>
}

/**
 * Defines an event whose data is the text itself.
 *
 * An event stream knows no CR: one that is written, alone or before LF, is read as LF.
 *
 * @example
 * ```ts
 * import { defineEvents, text } from "steadystream"
 *
 * const events = defineEvents({ log: text() })
 * events.encode({ event: "log", data: "12% done" }).data // "12% done"
 * ```
 */
export function text(): EventCodec<string> {
  return plain
}

/**
 * Defines an event whose data has a form of its own.
 *
 * With `schema`, what is written is validated before `encode` and sent as given, and what `decode` gives is validated
 * before it is read.
 *
 * @example
 * ```ts
 * import { codec, defineEvents } from "steadystream"
 *
 * const date = codec({ encode: (data: Date) => data.toISOString(), decode: (text) => new Date(text) })
 * const events = defineEvents({ due: date })
 * events.encode({ event: "due", data: new Date(0) }).data // "1970-01-01T00:00:00.000Z"
 * ```
 */
export function codec<Schema extends StandardSchemaV1>(member: SchemaCodec<Schema>): SchemaCodec<Schema>
export function codec<Input, Output = Input>(member: EventCodec<Input, Output>): EventCodec<Input, Output>
export function codec(member: unknown): unknown {
  return member
}

/** A member in the one shape that the contract works with. */
export interface ResolvedMember {
  /** What the data must be, in words. */
  readonly form: string
  readonly schema: StandardSchemaV1 | undefined
  readonly codec: EventCodec<unknown, unknown>
}

/** The members of a contract by name. */
export type MemberMap = Map<string, ResolvedMember>

/** A member in that shape, `undefined` where it is none. */
export function resolveMember(member: unknown): ResolvedMember | undefined {
  // Why first: the schemas of zod have methods called `encode` and `decode` too.
  if (isStandardSchema(member)) return { form: "JSON", schema: member, codec: json }
  if (typeof member !== "object" || member === null) return undefined
  const { schema, encode, decode } = member as Record<string, unknown>
  if (typeof encode !== "function" || typeof decode !== "function") return undefined
  if (schema !== undefined && !isStandardSchema(schema)) return undefined
  const form = member === json ? "JSON" : member === plain ? "a string" : "what its codec takes"
  return { form, schema, codec: member as EventCodec<unknown, unknown> }
}

const json: EventCodec<unknown> = {
  encode: (data) => JSON.stringify(data),
  decode(source) {
    try {
      return JSON.parse(source) as unknown
    } catch {
      // Why not the platform's own error: its message quotes the data.
      throw new SyntaxError("Cannot parse data: it must be JSON")
    }
  },
}

const plain: EventCodec<string> = { encode: (data) => data, decode: (source) => source }
