/* Opens the surfaces whose shape is not that of an iterable or a stream, and their sources. */
import { createServer } from "node:http"
import { SseParser, type SseEvent } from "steadystream"
import { EventSource } from "steadystream/eventsource"
import { sendEventStream } from "steadystream/node"
import { type AnswersOptions, createAnswers, memoryStore } from "steadystream/server"
import { ManualClock } from "steadystream/testing"
import { listen } from "../support/listen.ts"
import { eventStream } from "../support/streams.ts"

/** The items of a source: text or bytes for a surface that reads, events or chunks for one that writes. */
export type Source = AsyncIterable<unknown> | ReadableStream<unknown>

/** What a consumer does with an open surface. */
export interface Consumer {
  next(): Promise<IteratorResult<unknown, unknown>>
  /** Ends it early. */
  leave(): unknown
}

const ofIterator = (iterator: AsyncIterator<unknown>): Consumer => ({
  next: () => iterator.next(),
  leave: () => iterator.return?.(),
})
export const ofLoop = (items: AsyncIterable<unknown>): Consumer => ofIterator(items[Symbol.asyncIterator]())
export const ofStream = (stream: ReadableStream<unknown>): Consumer => {
  const reader = stream.getReader()
  return { next: () => reader.read(), leave: () => reader.cancel() }
}
/** A stream that reads nothing ahead. */
export function toStream(source: Source): ReadableStream<never> {
  if ("getReader" in source) return source as ReadableStream<never>
  const items = source[Symbol.asyncIterator]()
  return new ReadableStream<never>(
    {
      async pull(controller) {
        const { done, value } = await items.next()
        if (done === true) controller.close()
        else controller.enqueue(value as never)
      },
      async cancel() {
        await items.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}

/** The events of `SseParser`, which is fed with the pieces of `source`. */
export async function* parsed(
  source: AsyncIterable<string>,
  { onEvent, ...options }: { onEvent?: (event: SseEvent) => unknown },
): AsyncGenerator<SseEvent> {
  const queue: SseEvent[] = []
  const handler = (event: SseEvent) => {
    queue.push(event)
    return onEvent?.(event)
  }
  const parser = new SseParser({ ...options, onEvent: handler })
  for await (const piece of source) {
    parser.feed(piece)
    yield* queue.splice(0)
  }
}

/** The messages of an `EventSource` up to the end of its first response. */
export function messages(source: Source): Consumer {
  const queue: unknown[] = []
  let wake = () => {}
  const opened = new EventSource("https://example.com/", {
    fetch: async () => eventStream(toStream(source)),
    retry: false,
  })
  opened.addEventListener("message", ({ data, lastEventId }) => {
    queue.push({ data, lastEventId })
    wake()
  })
  opened.addEventListener("error", () => wake())
  return {
    async next() {
      while (queue.length === 0 && opened.readyState !== EventSource.CLOSED) {
        await new Promise<void>((resolve) => (wake = resolve))
      }
      return queue.length === 0 ? { done: true, value: undefined } : { done: false, value: queue.shift() }
    },
    leave() {
      opened.close()
      wake()
    },
  }
}

/** The bytes that a client of `sendEventStream` receives. */
export function sent(source: AsyncIterable<never>, options: object): Consumer {
  const server = createServer((request, response) => void sendEventStream(request, response, source, options))
  const reader = listen(server)
    .then((origin) => fetch(origin))
    .then(({ body }) => body!.getReader())
  return {
    next: async () => (await reader).read(),
    leave: async () => (await reader).cancel(),
  }
}

/** The bytes that a client of an answer receives. Its cursors are the same in each run. */
export function answered(
  source: AsyncIterable<string>,
  { signal, ...options }: AnswersOptions & { readonly signal?: AbortSignal },
): Consumer {
  const clock = new ManualClock()
  const answers = createAnswers({ clock, store: memoryStore({ clock }), ...options })
  const reader = answers
    .start("42", () => source)
    .then((answer) => answer.respond(new Request("https://example.com/"), { signal }))
    .then(({ body }) => body!.getReader())
  return {
    next: async () => (await reader).read(),
    leave: async () => (await reader).cancel(),
  }
}

/** Reads to the end; returns the items that `keeps` allows, and the error if there is one. */
export async function readToEnd(
  consumer: Consumer,
  keeps = true,
): Promise<{ readonly items: unknown[]; readonly error: unknown }> {
  const items: unknown[] = []
  try {
    for (;;) {
      const { done, value } = await consumer.next()
      if (done === true) return { items, error: undefined }
      if (keeps) items.push(value)
    }
  } catch (error) {
    return { items, error }
  }
}

/** An async iterable of `items`, which then fails if there is an error. */
export async function* sourceOf(items: Iterable<unknown>, failure?: Error): AsyncGenerator {
  yield* items
  if (failure) throw failure
}
