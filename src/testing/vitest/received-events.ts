/* Reads everything that `toHaveEvents` accepts as one list of events, to the end. */
import type { SseEvent } from "../../event.ts"
import { isResponse, readEvents, type SseChunk } from "../../parser/index.ts"
import { exchangesOf } from "../recording/exchange.ts"
import type { Recording } from "../recording/recording.ts"

/** The events of a source, and the error that ended it. */
export interface ReceivedEvents {
  readonly events: readonly SseEvent<string, unknown>[]
  readonly error: unknown
}

/** @throws TypeError if `received` is none of the sources that `toHaveEvents` names. */
export async function receivedEvents(received: unknown): Promise<ReceivedEvents> {
  const events: SseEvent<string, unknown>[] = []
  const source = eventsOf(await received)
  try {
    for await (const event of source) events.push(event)
  } catch (error) {
    if (error instanceof UnfitError) throw error
    return { events, error }
  }
  return { events, error: undefined }
}

type Events = AsyncIterable<SseEvent<string, unknown>>

class UnfitError extends TypeError {}

function eventsOf(received: unknown): Events {
  if (isResponse(received)) return readEvents(received)
  if (typeof received === "string" || received instanceof Uint8Array) return readEvents([received])
  if (isRecording(received)) return eventsOfRecording(received)
  if (isIterable(received)) return eventsOfIterable(received)
  throw unfit()
}

function isRecording(received: unknown): received is Recording {
  const { version, entries } = (received ?? {}) as Partial<Recording>
  return version === 1 && Array.isArray(entries)
}

type AnyIterable = AsyncIterable<unknown> | Iterable<unknown>

function isIterable(received: unknown): received is AnyIterable {
  return (
    typeof received === "object" &&
    received !== null &&
    (Symbol.asyncIterator in received || Symbol.iterator in received)
  )
}

/** The events of all responses, one response after the other. */
async function* eventsOfRecording(recording: Recording): Events {
  for (const { chunks } of exchangesOf(recording)) yield* readEvents(chunks.map(({ bytes }) => bytes))
}

/** The first item decides whether the items are chunks or events. */
async function* eventsOfIterable(items: AnyIterable): Events {
  const iterator = iteratorOf(items)
  const first = await iterator.next()
  if (first.done === true) return
  const all = startingWith(first.value, iterator)
  if (typeof first.value === "string" || first.value instanceof Uint8Array) {
    yield* readEvents(all as AsyncIterable<SseChunk>)
    return
  }
  for await (const item of all) {
    if (typeof item !== "object" || item === null || !("data" in item)) throw unfit()
    yield item as SseEvent<string, unknown>
  }
}

function iteratorOf(items: AnyIterable): AsyncIterator<unknown> | Iterator<unknown> {
  return Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]()
}

async function* startingWith(
  first: unknown,
  iterator: AsyncIterator<unknown> | Iterator<unknown>,
): AsyncGenerator<unknown, undefined, undefined> {
  let isOver = false
  try {
    yield first
    for (;;) {
      const { done, value } = await iterator.next()
      isOver = done === true
      if (isOver) return
      yield value
    }
  } finally {
    if (!isOver) await iterator.return?.()
  }
}

function unfit(): UnfitError {
  return new UnfitError(
    "Cannot compare events: the received value must be a Response, text, bytes, a recording, or an iterable of chunks or events",
  )
}
