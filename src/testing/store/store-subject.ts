/* What the cases of the store contract work with: a store, and checks that throw errors with a clear message. */
import { SseError } from "../../errors.ts"
import type { Cursor, EventStore, LogEvent, LogEventInit, Position, StorePage } from "../../server/index.ts"

/** A store that a case of {@link storeContract} uses and then closes. */
export interface StoreUnderTest {
  /** A handle on a store without logs. */
  readonly store: EventStore
  /**
   * Another handle on the same logs, as another process has it.
   * @defaultValue `store`
   */
  readonly other?: EventStore | undefined
  /**
   * Waits until the store's clock has moved by `ms` milliseconds.
   * @defaultValue waits with the platform's timer
   */
  readonly wait?: ((ms: number) => Promise<void>) | undefined
  /**
   * The number of events that a log may keep beyond its retention.
   * @defaultValue `0`
   */
  readonly extraEvents?: number | undefined
  /** Called when the case is over, after both handles were closed. */
  readonly close?: (() => Promise<void>) | undefined
}

/** A store under test, with every default filled in. */
export interface StoreSubject {
  readonly store: EventStore
  readonly other: EventStore
  readonly extraEvents: number
  readonly wait: (ms: number) => Promise<void>
}

/** The cases of one group, by their names. */
export type StoreCases = Readonly<Record<string, StoreCase>>

/** A case: what it does, and the retention of its store. */
export type StoreCase = ((subject: StoreSubject) => Promise<void>) & { readonly retention?: StoreRetention }

/** The retention that a case asks for; a limit that is missing must not be reached. */
export interface StoreRetention {
  /** The number of events of a log. */
  readonly events?: number | undefined
  /** The bytes of UTF-8 of a log's texts. */
  readonly bytes?: number | undefined
  /** Milliseconds that an event is kept. */
  readonly age?: number | undefined
}

/** Returns `run` as a case whose store has this retention. */
export function withRetention(retention: StoreRetention, run: (subject: StoreSubject) => Promise<void>): StoreCase {
  return Object.assign((subject: StoreSubject) => run(subject), { retention })
}

/** Throws if `isTrue` is false. */
export function check(isTrue: boolean, rule: string): void {
  if (!isTrue) throw new Error(`Store contract: ${rule}`)
}

/** Throws if the two are not equal as JSON. */
export function checkEqual(actual: unknown, expected: unknown, rule: string): void {
  const [was, wanted] = [JSON.stringify(actual), JSON.stringify(expected)]
  check(was === wanted, `${rule}: it must be ${wanted}, not ${was}`)
}

/** Throws if the promise does not reject with an error that has one of these codes. */
export async function checkRejects(
  promise: Promise<unknown>,
  codes: readonly string[],
  rule: string,
): Promise<SseError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown ?? null,
  )
  check(
    SseError.is(error) && codes.includes(error.code),
    `${rule}: it must reject with ${codes.join(" or ")}, not ${String(error)}`,
  )
  return error as SseError
}

/** The events `<label><from>`, `<label><from + 1>` and so on. */
export function eventsOf(label: string, count: number, from = 0): LogEventInit[] {
  return Array.from({ length: count }, (_, at) => ({ text: `data: ${label}${from + at}\n\n` }))
}

export function textsOf(events: readonly LogEventInit[]): string[] {
  return events.map(({ text }) => text)
}

/** The sequence of a cursor. */
export function sequenceOf(cursor: Cursor): number {
  check(
    /^\w{1,64}-(?:0|[1-9]\d{0,15})$/.test(cursor),
    `a cursor must be <epoch>-<sequence>, not ${JSON.stringify(cursor)}`,
  )
  return Number(cursor.slice(cursor.indexOf("-") + 1))
}

/** The cursor `distance` after another one. */
export function cursorAfter(cursor: Cursor, distance: number): Cursor {
  return `${cursor.slice(0, cursor.indexOf("-"))}-${sequenceOf(cursor) + distance}`
}

/** Throws if the events do not follow `after` and each other without a hole. */
export function checkConsecutive(after: Cursor, events: readonly LogEvent[], rule: string): void {
  checkEqual(
    events.map(({ cursor }) => cursor),
    events.map((_, at) => cursorAfter(after, at + 1)),
    `${rule}: the cursors`,
  )
}

/** Reads every page after a position. Only the first one may have a gap. */
export async function readAll(store: EventStore, log: string, after: Position): Promise<StorePage> {
  const first = await store.read(log, after)
  const events = [...first.events]
  let page = first
  while (page.more) {
    check(page.events.length > 0, "a page with more after it must have an event")
    page = await store.read(log, page.next)
    check(page.gap === undefined, "the position after a page must not be a gap")
    events.push(...page.events)
  }
  const from = first.gap?.resumesAt ?? (events.length > 0 ? cursorAfter(events[0]!.cursor, -1) : page.next)
  checkConsecutive(from, events, "a log that is read")
  return { ...page, events, gap: first.gap }
}
