import type { MatcherState } from "vitest"
import { checkOptions, type OptionKinds } from "../../internal/option-checks.ts"
import { comparedMembers, type ExpectedEvent, expectedMembers } from "./expected-events.ts"
import { type ReceivedEvents, receivedEvents } from "./received-events.ts"

/** A class of errors, such as `SseRetryError`. */
export interface ErrorClass {
  /** Any constructor. */
  new (...args: never): Error
}

/** Options of the matcher `toHaveEvents`. */
export interface ToHaveEventsOptions {
  /**
   * The class of the error that the source must end with, after the events.
   * @defaultValue none: the source must end without an error
   */
  readonly error?: ErrorClass | undefined
}

declare global {
  // vitest takes the members of this interface in all its versions, whatever type parameters its own have.
  namespace Chai {
    interface Assertion {
      /**
       * Reads the received value to its end and compares its events, of which only the named members count.
       *
       * The value is a `Response`, text, bytes, an iterable of chunks or of events (such as a subscription), a recording,
       * or a promise of one of them. Of a recording, the events of all responses count, in order, and errors do not.
       *
       * @param expected - All events, in order. A string is the data of an event.
       * @throws The error of the assertion, by rejecting.
       */
      toHaveEvents(expected: readonly ExpectedEvent[], options?: ToHaveEventsOptions): Promise<void>
    }
  }
}

interface MatcherResult {
  readonly pass: boolean
  message(): string
  readonly actual: unknown
  readonly expected: unknown
}

const KINDS: OptionKinds<ToHaveEventsOptions> = { error: "a function" }

/** The members of the state of a matcher that are used here. */
type State = Pick<MatcherState, "equals" | "utils">

/** Compares the events of `received` with `expected`, with the equality of `state`. */
export async function compareEvents(
  { equals, utils }: State,
  received: unknown,
  expected: readonly ExpectedEvent[],
  options: ToHaveEventsOptions = {},
): Promise<MatcherResult> {
  if (!Array.isArray(expected)) throw new TypeError('Cannot compare events: "expected" must be an array')
  checkOptions(options, KINDS)
  const outcome = await receivedEvents(received)
  const members = (expected as readonly ExpectedEvent[]).map(expectedMembers)
  const compared = outcome.events.map((event, at) => comparedMembers(event, members[at]))
  const isEqual = (at: number) => equals(compared[at], members[at], [utils.iterableEquality])
  const firstOther = compared.findIndex((_, at) => at >= members.length || !isEqual(at))
  const { error } = outcome
  const isErrorEqual = options.error === undefined ? error === undefined : error instanceof options.error
  const wantedError = isErrorEqual ? nameOf(error) : options.error?.name
  return {
    pass: firstOther === -1 && compared.length === members.length && isErrorEqual,
    message: () => messageOf(outcome, members.length, firstOther, options),
    actual: [...compared, ...(error === undefined ? [] : [{ error: nameOf(error) }])],
    expected: [...members, ...(options.error === undefined ? [] : [{ error: wantedError }])],
  }
}

function messageOf(
  { events, error }: ReceivedEvents,
  count: number,
  firstOther: number,
  options: ToHaveEventsOptions,
): string {
  const end = error === undefined ? "" : `, and then ${describe(error)}`
  const received = `received ${counted(events.length)}${end}`
  const wanted = `expected ${counted(count)}${options.error === undefined ? "" : `, and then ${options.error.name}`}`
  if (firstOther === -1 || firstOther >= count) return `${wanted}, ${received}`
  return `event ${firstOther + 1} must be as expected (${received})`
}

function counted(count: number): string {
  return count === 1 ? "1 event" : `${count} events`
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.constructor.name : String(error)
}

function describe(error: unknown): string {
  return error instanceof Error ? `${nameOf(error)}: ${error.message}` : String(error)
}
