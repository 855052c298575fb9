import { readEvents, type SseEvent } from "steadystream"

const decoder = new TextDecoder()

/** All items of `source`. */
export async function itemsOf<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}

/** The whole of `body` as text. */
export async function textOf(body: ReadableStream<Uint8Array>): Promise<string> {
  return new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>).text()
}

/** The next chunk of `reader` as text, or `undefined` at its end. */
export async function nextText(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string | undefined> {
  const { done, value } = await reader.read()
  return done ? undefined : decoder.decode(value)
}

/** The events in the written text. */
export async function eventsOf(written: string | ReadableStream<Uint8Array>): Promise<SseEvent[]> {
  const events: SseEvent[] = []
  for await (const event of readEvents(written)) events.push(event)
  return events
}

/** One turn of the event loop, in which promises of any depth settle. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0))
}

/** A source whose items the test sends, with a record of its calls. */
export class ManualSource<T> implements AsyncIterableIterator<T> {
  asked = 0
  returned = 0
  #waiting: ((result: IteratorResult<T>) => void) | undefined = undefined

  next(): Promise<IteratorResult<T>> {
    this.asked++
    return new Promise((resolve) => (this.#waiting = resolve))
  }

  async return(): Promise<IteratorResult<T>> {
    this.returned++
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  send(value: T): void {
    this.#waiting!({ done: false, value })
  }

  end(): void {
    this.#waiting!({ done: true, value: undefined })
  }
}

/** Yields items, then throws an error. */
export async function* failing<T>(items: readonly T[], error: unknown): AsyncGenerator<T> {
  yield* items
  throw error
}
