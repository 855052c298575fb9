import type { SseControlInit, SseEvent, SseEventInit, SseEventIterator } from "../event.ts"

/** An event with any data. */
export type AnyEvent = SseEvent<string, unknown>

/** The reading half of a contract: what `readEvents` and `subscribe` take. `defineEvents` makes it. */
export interface EventDecoder<Event extends SseEvent<string, unknown>> {
  /**
   * Gives the event with its data decoded and validated; `undefined` where a policy says to skip it; a promise where the
   * schema answers with one.
   *
   * @throws {@link SseValidationError} where the event does not fit and the policy is `"error"`.
   */
  readonly decode: (event: SseEvent) => Event | undefined | Promise<Event | undefined>
  /** @internal The events of `source`, one after the other; a `signal` cuts short the wait for a schema. */
  readonly read: (source: SseEventIterator, signal?: AbortSignal) => SseEventIterator<Event>
}

/** The writing half of a contract: what `eventStreamResponse` and `sendEventStream` take. `defineEvents` makes it. */
export interface EventEncoder<Init> {
  /**
   * Validates the event and gives it with its data as text, for `encodeEvent`; a control block is copied.
   *
   * The data is written as given, not as the schema's output.
   *
   * @throws {@link SseValidationError} where the data does not fit, or cannot be written.
   * @throws TypeError where the name is not of the contract, and where the schema answers with a promise.
   */
  readonly encode: (init: Init | SseControlInit) => SseEventInit
  /** The same as a promise, for schemas that answer with one: it rejects with what `encode` throws. */
  readonly encodeAsync: (init: Init | SseControlInit) => Promise<SseEventInit>
}

/**
 * The events that both ends of a stream agree on: maps from their names to what is read and what is written.
 *
 * The two differ only where a schema transforms.
 */
export interface EventContract<Outputs extends object, Inputs extends object = Outputs>
  extends
    EventDecoder<{ [Name in keyof Outputs & string]: SseEvent<Name, Outputs[Name]> }[keyof Outputs & string]>,
    EventEncoder<{ [Name in keyof Inputs & string]: TypedEventInit<Name, Inputs[Name]> }[keyof Inputs & string]> {}

/** What can be written as one event of a contract; the event `message` needs no name. */
export type TypedEventInit<Name extends string, Data> = Pick<SseEventInit, "id" | "retry" | "comment"> & {
  /** The data, before its schema: it is validated, and sent as given. */
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
