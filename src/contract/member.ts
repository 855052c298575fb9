/*
 * Converts the data of one event to text and back. Members know no names, policies or error classes: the contract wraps
 * everything that a member throws in an SseValidationError.
 */
import { isStandardSchema, type StandardSchemaV1 } from "./standard-schema.ts"

/** Converts the data of one event to text and back. An error that it throws becomes an {@link SseValidationError}. */
export interface EventCodec<Input, Output = Input> {
  /** Returns the text for `data`. */
  encode(data: Input): string
  /** Returns the data of the text. */
  decode(text: string): Output
}

/** Converts the data of one event to text and back, and validates the data with a schema. */
export interface SchemaCodec<Schema extends StandardSchemaV1> {
  /** Validates the data before `encode` and after `decode`. */
  readonly schema: Schema
  /** Returns the text for `data`, which the schema has accepted. */
  encode(data: MemberInput<Schema>): string
  /** Returns the value that the schema validates. */
  decode(text: string): unknown
}

/** The definition of one event of a contract. */
export type EventMember = StandardSchemaV1 | EventCodec<never, unknown> | SchemaCodec<StandardSchemaV1<never, unknown>>

/** The type of the data that a member writes: the input of its schema, if it has one. */
export type MemberInput<Member> = Member extends StandardSchemaV1
  ? NonNullable<Member["~standard"]["types"]>["input"]
  : Member extends SchemaCodec<infer Schema>
    ? MemberInput<Schema>
    : Member extends EventCodec<infer Input, unknown>
      ? Input
      : never

/** The type of the data that a member reads: the output of its schema, if it has one. */
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
 * `T` must be a type that JSON preserves: a `Date`, for example, is read back as a string.
 *
 * @example
 * ```ts
 * import { defineEvents, type } from "steadystream"
 *
 * const events = defineEvents({ progress: type<{ done: number; total: number }>() })
 * events.encode({ event: "progress", data: { done: 1, total: 3 } }).data // '{"done":1,"total":3}'
 * ```
 */
export function type<T>(): EventCodec<T>
export function type(...schema: unknown[]): EventCodec<unknown> {
  // In JavaScript, a schema would be ignored.
  if (schema.length > 0) throw new TypeError("Cannot define event: type() takes no argument; use the schema itself")
  return json
}

/**
 * Defines an event whose data is plain text.
 *
 * An event stream cannot carry CR: a written CR or CRLF is read as LF.
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
 * Defines an event whose data has any other text form.
 *
 * With `schema`, data to write is validated before `encode`, and the result of `decode` is validated before the consumer
 * receives it.
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

/** A member in the one shape that the contract uses. */
export interface ResolvedMember {
  /** The required form of the data, for messages. */
  readonly form: string
  readonly schema: StandardSchemaV1 | undefined
  readonly codec: EventCodec<unknown, unknown>
}

/** The members of a contract by name. */
export type MemberMap = Map<string, ResolvedMember>

/** Resolves a member; returns `undefined` if `member` is not one. */
export function resolveMember(member: unknown): ResolvedMember | undefined {
  // Why first: the schemas of zod also have methods called `encode` and `decode`.
  if (isStandardSchema(member)) return { form: "JSON", schema: member, codec: json }
  if (typeof member !== "object" || member === null) return undefined
  const { schema, encode, decode } = member as Record<string, unknown>
  if (typeof encode !== "function" || typeof decode !== "function") return undefined
  if (schema !== undefined && !isStandardSchema(schema)) return undefined
  const form = member === json ? "JSON" : member === plain ? "a string" : "valid for its codec"
  return { form, schema, codec: member as EventCodec<unknown, unknown> }
}

/** The codec of every member whose data is JSON. */
export const json: EventCodec<unknown> = {
  encode: (data) => JSON.stringify(data),
  decode(source) {
    try {
      return JSON.parse(source) as unknown
    } catch {
      // Why not the platform's error: its message quotes the data.
      throw new SyntaxError("Cannot parse data: it must be JSON")
    }
  },
}

const plain: EventCodec<string> = { encode: (data) => data, decode: (source) => source }
