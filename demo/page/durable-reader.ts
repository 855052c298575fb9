import { SseProviderError, SseResponseError } from "steadystream"
import type { Subscription } from "steadystream/client"
import { type ChatCompletionChunk, readChatCompletions } from "steadystream/openai"
import { chunkEntry } from "./chunk-entry.ts"
import { appendPiece, find, setFact, setOutcome } from "./dom.ts"
import { EventLog } from "./event-log.ts"
import { pace } from "./pace.ts"
import { tape } from "./tape.ts"

/** How the reading of an answer ended: with the answer, or without it. */
export type DurableEnd = "done" | "cancelled" | "lost" | "failed" | "unknown"

const MAX_RETRIES = 5
const MAX_DELAY_MS = 2000 / pace

/** Reads one stored answer at a time and shows its words, its events and the position of this page. */
export class DurableReader {
  readonly #root: HTMLElement
  readonly #log: EventLog
  readonly #words: HTMLElement
  #events: Subscription | undefined = undefined
  /** The events that were stored when this page began to read. */
  #stored = 0
  /** The events that were read: each has one chunk. */
  #taken = 0

  constructor(root: HTMLElement) {
    this.#root = root
    this.#log = new EventLog(find(root, ".log"), ["time", "id", "data"])
    this.#words = find(root, ".answer")
  }

  /**
   * Reads an answer from its first event to its end, and leaves the one that it read before.
   *
   * @param stored - The number of its events now: they are replayed.
   * @returns How it ended and why; `undefined` if the page reads another answer instead.
   */
  async read(id: string, stored: number): Promise<{ readonly end: DurableEnd; readonly why: string } | undefined> {
    this.#events?.close()
    this.#clear(stored)
    const events = tape.subscribeOf("durable")(`/answer?id=${id}`, {
      until: "[DONE]",
      retry: { maxRetries: MAX_RETRIES, maxDelay: MAX_DELAY_MS },
      onOpen: ({ headers }) => this.#opened(headers?.get("x-demo-process") ?? "–"),
    })
    this.#events = events
    const chunks = readChatCompletions(events)
    try {
      for await (const chunk of chunks) this.#show(chunk, events.lastEventId)
    } catch {
      // The outcome shows the error.
    }
    const { reason, error } = await chunks.ended
    if (events !== this.#events) return undefined
    const end = endOf(reason, error)
    this.#log.note("end", end === "done" ? "[DONE]" : end)
    return { end, why: error instanceof SseProviderError ? error.error.message : ((error as Error)?.message ?? "") }
  }

  #clear(stored: number): void {
    this.#stored = stored
    this.#taken = 0
    this.#log.clear()
    this.#words.replaceChildren()
    setFact(this.#root, "resumed", stored === 0 ? "–" : `after event ${stored}`)
    for (const fact of ["cursor", "writer", "server"]) setFact(this.#root, fact, "–")
  }

  #opened(server: string): void {
    setFact(this.#root, "server", server)
    if (this.#taken === 0) return
    setFact(this.#root, "resumed", `after event ${this.#taken}`)
    this.#log.note("resumed", `reconnected after event ${this.#taken}`)
    setOutcome(this.#root, `The connection broke. The page went on after event ${this.#taken}, and no word is missing.`)
  }

  #show(chunk: ChatCompletionChunk, cursor: string): void {
    const number = ++this.#taken
    setFact(this.#root, "cursor", cursor)
    setFact(this.#root, "writer", chunk.system_fingerprint ?? "–")
    this.#log.add({ ...chunkEntry(chunk), id: String(number) })
    const text = chunk.choices?.[0]?.delta?.content
    if (text) appendPiece(this.#words, text).dataset["from"] = number <= this.#stored ? "store" : "live"
    if (number === this.#stored) this.#log.note("resumed", `up to event ${number} from the store`)
  }
}

function endOf(reason: string, error: unknown): DurableEnd {
  if (reason === "done" || reason === "finished") return "done"
  if (error instanceof SseResponseError && error.status === 404) return "unknown"
  const code = error instanceof SseProviderError ? error.error.code : undefined
  return code === "cancelled" || code === "lost" ? code : "failed"
}
