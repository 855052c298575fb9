import { SseParser, type SseEvent } from "steadystream"
import type { ConformanceCase } from "./cases.ts"

/** The calls of a parser's handlers for one stream. */
export interface Outcome {
  readonly events: SseEvent[]
  readonly retries: number[]
  readonly comments: string[]
  readonly ids: string[]
  readonly lastEventId: string
  readonly incomplete: boolean
}

export function parseChunks(chunks: readonly (string | Uint8Array)[]): Outcome {
  const events: SseEvent[] = []
  const retries: number[] = []
  const comments: string[] = []
  const ids: string[] = []
  const parser = new SseParser({
    onEvent: (event) => events.push(event),
    onRetry: (ms) => retries.push(ms),
    onComment: (text) => comments.push(text),
    onId: (id) => ids.push(id),
  })
  for (const chunk of chunks) parser.feed(chunk)
  const { incomplete } = parser.end()
  return { events, retries, comments, ids, lastEventId: parser.lastEventId, incomplete }
}

/**
 * Every way to feed a case: whole, whole but not as the first chunk, per piece, at every cut into two and, if it is
 * short, into three. Each way is fed as bytes and, if the case is text, also as text.
 */
export function* waysToFeed({ input }: ConformanceCase): Generator<[way: string, chunks: (string | Uint8Array)[]]> {
  if (typeof input === "string") yield* cuts("text", input)
  if (typeof input === "string" && !input.startsWith("\uFEFF")) {
    // After a blank line the next chunk is no longer the start of the stream.
    yield ["text later", ["\n", input]]
  }
  yield* cuts("bytes", typeof input === "string" ? new TextEncoder().encode(input) : Uint8Array.from(input))
}

function* cuts<T extends string | Uint8Array>(kind: string, input: T): Generator<[string, T[]]> {
  const part = (from: number, to: number) => input.slice(from, to) as T
  const length = input.length
  yield [`${kind} whole`, [input]]
  yield [`${kind} piece by piece`, Array.from({ length }, (_, index) => part(index, index + 1))]
  yield [
    `${kind} in threes`,
    Array.from({ length: Math.ceil(length / 3) }, (_, index) => part(index * 3, index * 3 + 3)),
  ]
  for (let cut = 0; cut <= length; cut++) {
    yield [`${kind} cut at ${cut}`, [part(0, cut), part(cut, length)]]
    if (length > 24) continue
    for (let second = cut; second <= length; second++) {
      yield [`${kind} cut at ${cut} and ${second}`, [part(0, cut), part(cut, second), part(second, length)]]
    }
  }
}

/** The result that a case expects of {@link parseChunks}, without the members that the case does not name. */
export function expectedOutcome(item: ConformanceCase): Partial<Outcome> {
  let cursor = ""
  const events = item.events.map(({ event = "message", data, id, lastEventId = cursor }) => {
    cursor = lastEventId
    return { event, data, id, lastEventId }
  })
  const { retries, comments, ids, lastEventId, incomplete } = item
  return Object.fromEntries(
    Object.entries({ events, retries, comments, ids, lastEventId, incomplete }).filter(
      ([, value]) => value !== undefined,
    ),
  )
}
