import { SseConnectionError, SseProviderError } from "steadystream"
import { subscribe, type Subscription } from "steadystream/client"
import { type ChatCompletionChunk, type EndInfo, readChatCompletions } from "steadystream/openai"
import { chunkEntry } from "./chunk-entry.ts"
import { appendPiece, find, onAction, setAvailable, setFact, setOutcome, setState } from "./dom.ts"
import { COLUMNS_WITHOUT_ID, EventLog } from "./event-log.ts"
import { tape } from "./tape.ts"

/** The course of a run: to its end, left halfway, or with a provider that breaks off. */
type Course = "run" | "leave" | "cut"

/** The end of a relay, as the server reports it. */
interface RelayEnd {
  readonly reason: string
  readonly code: string | null
  readonly stored: string
}

const LEAVE_AFTER = 12

/** The panel of an answer that the server relays: the chunks that the server read and those that the page received. */
export class RelayPanel {
  readonly #provider: HTMLElement
  readonly #browser: HTMLElement
  readonly #providerLog: EventLog
  readonly #browserLog: EventLog
  readonly #starters: readonly HTMLButtonElement[]

  constructor(root: HTMLElement) {
    this.#provider = find(root, "#provider")
    this.#browser = find(root, "#browser")
    this.#providerLog = new EventLog(find(this.#provider, ".log"), COLUMNS_WITHOUT_ID)
    this.#browserLog = new EventLog(find(this.#browser, ".log"), COLUMNS_WITHOUT_ID)
    const courses: readonly Course[] = ["run", "leave", "cut"]
    this.#starters = courses.map((course) => onAction(root, course, () => void this.#run(course)))
  }

  async #run(course: Course): Promise<void> {
    this.#begin()
    const id = Math.random().toString(36).slice(2)
    const watching = subscribe(`/api/relay?id=${id}`, { retry: false })
    let onReady!: () => void
    const ready = new Promise<void>((resolve) => (onReady = resolve))
    const watched = this.#watch(watching, onReady)
      .catch(() => this.#showUnknown())
      .finally(onReady)
    await ready
    const answered = await this.#read(course, id)
    // The server may not know of a request that had no answer, so it may never report an end.
    if (!answered) watching.close()
    await watched
    for (const starter of this.#starters) setAvailable(starter, true)
  }

  /** Shows the chunks that the server reads from its provider. */
  async #watch(watching: Subscription, onReady: () => void): Promise<void> {
    let chunks = 0
    for await (const { event, data } of watching) {
      if (event === "ready") onReady()
      else if (event === "end") return this.#showStored(JSON.parse(data) as RelayEnd)
      else {
        setState(this.#provider, "open", "streaming")
        const chunk = JSON.parse(data) as ChatCompletionChunk
        setFact(this.#provider, "chunks", String(++chunks))
        setFact(this.#provider, "answer", chunk.id)
        this.#providerLog.add(chunkEntry(chunk))
      }
    }
    this.#showUnknown()
  }

  /** Shows the chunks that this page receives. Returns whether the relay answered to the end or until the page left. */
  async #read(course: Course, id: string): Promise<boolean> {
    const body = JSON.stringify({
      model: course === "cut" ? "demo-cut" : "demo",
      stream: true,
      messages: [{ role: "user", content: "What are server-sent events?" }],
    })
    const stream = readChatCompletions((signal) =>
      tape.fetchOf("relay")(`/relay/v1/chat/completions?watcher=${id}`, { method: "POST", body, signal }),
    )
    let chunks = 0
    try {
      for await (const chunk of stream) {
        setState(this.#browser, "open", "streaming")
        setFact(this.#browser, "chunks", String(++chunks))
        setFact(this.#browser, "answer", chunk.id)
        this.#browserLog.add(chunkEntry(chunk))
        appendPiece(find(this.#browser, ".words"), chunk.choices?.[0]?.delta?.content ?? "")
        if (course === "leave" && chunks === LEAVE_AFTER) await stream.cancel()
      }
    } catch {
      // The outcome below shows the error.
    }
    const { reason, error } = await stream.ended
    this.#showReceived(reason, error, chunks)
    return reason !== "error" || error instanceof SseProviderError
  }

  #showReceived(reason: EndInfo["reason"], error: unknown, chunks: number): void {
    this.#browserLog.note("end", reason === "done" ? "[DONE]" : reason)
    if (reason === "error") {
      setState(this.#browser, "failed")
      setOutcome(this.#browser, `Failed: ${describe(error)}.`, "bad")
    } else if (reason === "cancelled") {
      setState(this.#browser, "cancelled", "left")
      setOutcome(this.#browser, `Left after ${chunks} chunks.`)
    } else {
      setState(this.#browser, "done", "complete")
      setOutcome(this.#browser, "Complete, with the end mark.", "good")
    }
  }

  #showStored({ reason, code, stored }: RelayEnd): void {
    this.#providerLog.note("end", code ?? reason)
    setFact(this.#provider, "stored", `${stored.length} characters`)
    if (reason === "cancelled") {
      setState(this.#provider, "cancelled", "aborted")
      setOutcome(this.#provider, "The browser left, so the request to the provider was aborted.")
    } else if (reason === "error") {
      setState(this.#provider, "failed")
      setOutcome(this.#provider, `The provider broke off: ${code}.`, "bad")
    } else {
      setState(this.#provider, "done", "complete")
      setOutcome(this.#provider, "The complete answer is stored.", "good")
    }
  }

  /** Shows that the server's report broke off, so that the page does not know what the server read. */
  #showUnknown(): void {
    setState(this.#provider, "failed", "unknown")
    setOutcome(this.#provider, "Unknown: the demo’s server does not report what it read.", "bad")
  }

  #begin(): void {
    for (const starter of this.#starters) setAvailable(starter, false)
    for (const log of [this.#providerLog, this.#browserLog]) log.clear()
    for (const side of [this.#provider, this.#browser]) {
      setState(side, "connecting")
      setOutcome(side, "")
      setFact(side, "chunks", "0")
      setFact(side, "answer", "–")
    }
    setFact(this.#provider, "stored", "–")
    find(this.#browser, ".words").replaceChildren()
  }
}

/** Describes a failure for the user. Only an error event is something that the relay reported. */
function describe(error: unknown): string {
  if (error instanceof SseProviderError) return `the relay reported “${error.error.code}”`
  if (error instanceof SseConnectionError) return "there is no connection to the demo’s server"
  return (error as Error).message
}
