import { SseProviderError } from "steadystream"
import { subscribe, type Subscription } from "steadystream/client"
import { type ChatCompletionChunk, readChatCompletions } from "steadystream/openai"
import { chunkEntry } from "./chunk-entry.ts"
import { appendPiece, find, onAction, setFact, setOutcome, setState } from "./dom.ts"
import { EventLog } from "./event-log.ts"

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
    this.#providerLog = new EventLog(find(this.#provider, ".log"))
    this.#browserLog = new EventLog(find(this.#browser, ".log"))
    const courses: readonly Course[] = ["run", "leave", "cut"]
    this.#starters = courses.map((course) => onAction(root, course, () => void this.#run(course)))
  }

  async #run(course: Course): Promise<void> {
    this.#begin()
    const id = Math.random().toString(36).slice(2)
    const watching = subscribe(`/api/relay?id=${id}`, { retry: false })
    let onReady!: () => void
    const ready = new Promise<void>((resolve) => (onReady = resolve))
    const watched = this.#watch(watching, onReady).catch(() => {
      setState(this.#provider, "failed")
      onReady()
    })
    await ready
    await this.#read(course, id)
    await watched
    for (const starter of this.#starters) starter.disabled = false
  }

  /** Shows the chunks that the server reads from its provider. */
  async #watch(watching: Subscription, onReady: () => void): Promise<void> {
    let chunks = 0
    for await (const { event, data } of watching) {
      if (event === "ready") onReady()
      else if (event === "end") return this.#showStored(JSON.parse(data) as RelayEnd)
      else {
        setState(this.#provider, "open", "streaming")
        setFact(this.#provider, "chunks", String(++chunks))
        this.#providerLog.add(chunkEntry(JSON.parse(data) as ChatCompletionChunk))
      }
    }
  }

  /** Shows the chunks that this page receives. */
  async #read(course: Course, id: string): Promise<void> {
    const body = JSON.stringify({
      model: course === "cut" ? "demo-cut" : "demo",
      stream: true,
      messages: [{ role: "user", content: "What are server-sent events?" }],
    })
    const stream = readChatCompletions((signal) =>
      fetch(`/relay/v1/chat/completions?watcher=${id}`, { method: "POST", body, signal }),
    )
    let chunks = 0
    try {
      for await (const chunk of stream) {
        setState(this.#browser, "open", "streaming")
        setFact(this.#browser, "chunks", String(++chunks))
        this.#browserLog.add(chunkEntry(chunk))
        appendPiece(find(this.#browser, ".words"), chunk.choices?.[0]?.delta?.content ?? "")
        if (course === "leave" && chunks === LEAVE_AFTER) await stream.cancel()
      }
    } catch {
      // The outcome below shows the error.
    }
    const { reason, error } = await stream.ended
    this.#browserLog.note("end", reason === "done" ? "[DONE]" : reason)
    if (reason === "error") {
      const code = error instanceof SseProviderError ? error.error.code : (error as Error).message
      setState(this.#browser, "failed")
      setOutcome(this.#browser, `Failed: the relay reported “${code}”.`, "bad")
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

  #begin(): void {
    for (const starter of this.#starters) starter.disabled = true
    for (const log of [this.#providerLog, this.#browserLog]) log.clear()
    for (const side of [this.#provider, this.#browser]) {
      setState(side, "connecting")
      setOutcome(side, "")
      setFact(side, "chunks", "0")
    }
    setFact(this.#provider, "stored", "–")
    find(this.#browser, ".words").replaceChildren()
  }
}
