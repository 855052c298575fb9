import { SseError, SseTimeoutError } from "ssekit"
import { readChatCompletions, type ChatSnapshot, type EndInfo } from "ssekit/openai"
import { chunkEntry } from "./chunk-entry.ts"
import { appendPiece, find, onAction, seconds, setFact, setOutcome, setState } from "./dom.ts"
import { EventLog } from "./event-log.ts"

/** How a run goes: to its end, cancelled half way, or against a model that falls silent. */
type Course = "run" | "half" | "stall"

const SILENCE_MS = 2000

/** The OpenAI-style answer. */
export class ChatPanel {
  readonly #root: HTMLElement
  readonly #log: EventLog
  readonly #message: HTMLTextAreaElement
  readonly #answer: HTMLElement
  readonly #starters: readonly HTMLButtonElement[]
  readonly #cancel: HTMLButtonElement
  #running: { cancel(reason?: unknown): Promise<void> } | undefined = undefined

  constructor(root: HTMLElement) {
    this.#root = root
    this.#log = new EventLog(find(root, ".log"))
    this.#message = find(root, "textarea", HTMLTextAreaElement)
    this.#answer = find(root, ".answer")
    const form = find(root, "form")
    form.addEventListener("submit", (event) => {
      event.preventDefault()
      void this.#run("run")
    })
    this.#starters = [
      find(root, `[data-action="run"]`, HTMLButtonElement),
      onAction(root, "half", () => void this.#run("half")),
      onAction(root, "stall", () => void this.#run("stall")),
    ]
    this.#cancel = onAction(root, "cancel", () => void this.#running?.cancel())
    for (const chip of root.querySelectorAll<HTMLButtonElement>(".chip")) {
      chip.addEventListener("click", () => (this.#message.value = chip.textContent ?? ""))
    }
  }

  async #run(course: Course): Promise<void> {
    if (this.#running !== undefined) return
    let total = Infinity
    const stream = readChatCompletions(
      async (signal) => {
        const response = await this.#ask(course, signal)
        total = Number(response.headers.get("x-demo-tokens") ?? Infinity)
        return response
      },
      { timeouts: { eventIdle: SILENCE_MS } },
    )
    this.#running = stream
    this.#begin()
    let tokens = 0
    try {
      for await (const chunk of stream) {
        setState(this.#root, "open", "streaming")
        this.#log.add(chunkEntry(chunk))
        const token = chunk.choices[0]?.delta.content ?? ""
        if (token !== "") tokens++
        appendPiece(this.#answer, token)
        setFact(this.#root, "chunks", String(Number(find(this.#root, `[data-fact="chunks"]`).textContent) + 1))
        if (course === "half" && tokens >= total / 2) await stream.cancel()
      }
    } catch {
      // The outcome has it.
    }
    this.#finish(await stream.ended, stream.snapshot)
  }

  #ask(course: Course, signal: AbortSignal): Promise<Response> {
    return fetch("/v1/chat/completions", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        model: course === "stall" ? "demo-stall" : "demo",
        stream: true,
        stream_options: { include_usage: true },
        messages: [{ role: "user", content: this.#message.value }],
      }),
      signal,
    })
  }

  #begin(): void {
    this.#setRunning(true)
    this.#log.clear()
    this.#answer.replaceChildren()
    setState(this.#root, "connecting")
    setOutcome(this.#root, "")
    setFact(this.#root, "chunks", "0")
    setFact(this.#root, "attempts", "1")
    for (const fact of ["first", "duration", "usage"]) setFact(this.#root, fact, "–")
  }

  #finish(end: EndInfo, snapshot: ChatSnapshot): void {
    this.#running = undefined
    this.#setRunning(false)
    const { usage } = snapshot
    if (end.firstContentMs !== null) setFact(this.#root, "first", `${Math.round(end.firstContentMs)} ms`)
    setFact(this.#root, "duration", seconds(end.durationMs))
    if (usage !== null) setFact(this.#root, "usage", `${usage.prompt_tokens} in, ${usage.completion_tokens} out`)
    const text = snapshot.choices[0]?.content ?? ""
    const kept = `The ${text.length} characters that came are kept.`
    if (end.reason === "cancelled") {
      setState(this.#root, "cancelled")
      setOutcome(this.#root, `Cancelled. ${kept}`)
    } else if (end.reason === "error") {
      setState(this.#root, "failed", end.error instanceof SseTimeoutError ? "timed out" : "failed")
      setOutcome(this.#root, `${describe(end.error)} ${kept}`, "bad")
    } else {
      setState(this.#root, "done", "complete")
      setOutcome(this.#root, `Complete: finish reason “${snapshot.choices[0]?.finishReason ?? "none"}”.`, "good")
    }
    this.#log.note("end", end.sawDone ? "[DONE]" : SseError.is(end.error) ? end.error.code : end.reason)
  }

  #setRunning(running: boolean): void {
    for (const starter of this.#starters) starter.disabled = running
    this.#cancel.disabled = !running
  }
}

function describe(error: unknown): string {
  if (error instanceof SseTimeoutError) return `Timed out: nothing came for ${seconds(error.ms)}.`
  return `Failed: ${(error as Error).message}.`
}
