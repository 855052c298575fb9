import type { SseControlInit, SseEvent, SseEventInit, SseEventIterator } from "../event.ts"

/** An event with any data. */
export type AnyEvent = SseEvent<string, unknown>

/** The reading half of a contract, for `readEvents` and `subscribe`. Made by `defineEvents`. */
export interface EventDecoder<Event extends SseEvent<string, unknown>> {
  /**
   * Returns the event with its data decoded and validated, or `undefined` if a policy skips the event. Returns a promise
   * of the same if the schema returns a promise.
   *
   * @throws {@link SseValidationError} if the event does not match and the policy is `"error"`.
   */
  readonly decode: (event: SseEvent) => Event | undefined | Promise<Event | undefined>
  /** @internal Reads the events of `source` one at a time; an abort of `signal` ends the wait for a schema. */
  readonly read: (source: SseEventIterator, signal?: AbortSignal) => SseEventIterator<Event>
}

/** The writing half of a contract, for `eventStreamResponse` and `sendEventStream`. Made by `defineEvents`. */
export interface EventEncoder<Init> {
  /**
   * Validates the event and returns it with its data as text, for `encodeEvent`; a control block is copied.
   *
   * The text is made from the data that the caller passed, not from the schema's output.
   *
   * @throws {@link SseValidationError} if the data does not match, or cannot be converted to text.
   * @throws TypeError if the contract has no event of this name, or if the schema returns a promise.
   */
  readonly encode: (init: Init | SseControlInit) => SseEventInit
  /** Does the same for schemas that return a promise: it rejects with the errors that `encode` throws. */
  readonly encodeAsync: (init: Init | SseControlInit) => Promise<SseEventInit>
}

/**
 * The events of a stream, as types from name to data: `Outputs` for reading, `Inputs` for writing. They differ only if a
 * schema transforms its input.
 */
export interface EventContract<Outputs extends object, Inputs extends object = Outputs>
  extends
    EventDecoder<{ [Name in keyof Outputs & string]: SseEvent<Name, Outputs[Name]> }[keyof Outputs & string]>,
    EventEncoder<{ [Name in keyof Inputs & string]: TypedEventInit<Name, Inputs[Name]> }[keyof Inputs & string]> {}

/** One event of a contract to write; the event `message` needs no name. */
export type TypedEventInit<Name extends string, Data> = Pick<SseEventInit, "id" | "retry" | "comment"> & {
  /** The input of the schema: it is validated, and sent as the caller passed it. */
  readonly data: Data
} & ("message" extends Name ? Partial<Pick<SseEvent<Name>, "event">> : Pick<SseEvent<Name>, "event">)

/**
 * The events that are read through a contract: a union discriminated on `event`.
 *
 * @example
 * ```ts
 * import { defineEvents, type EventOf, text, type } from "steadystream"
 *
 * const events = defineEvents({ delta: text(), done: type<{ tokens: number }>() })
 *
 * function show(event: EventOf<typeof events>): string {
 *   switch (event.event) {
 *     case "delta":
 *       return event.data
 *     case "done":
 *       return `${event.data.tokens} tokens`
 *   }
 * }
 * ```
 */
export type EventOf<Contract> = Contract extends EventDecoder<infer Event> ? Event : never

/** The events that are written through a contract: a union discriminated on `event`. */
export type EventInitOf<Contract> = Contract extends EventEncoder<infer Init> ? Init : never

/** The events that a reader yields: those of its contract, and raw ones without a contract. */
export type DecodedEvent<Contract extends EventDecoder<SseEvent<string, unknown>> | undefined> =
  Contract extends EventDecoder<infer Event> ? Event : SseEvent
