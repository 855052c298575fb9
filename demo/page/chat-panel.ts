import { readChatCompletions, type ChatCompletionChunk, type EndInfo } from "steadystream/openai"
import { AnswerView } from "./answer-view.ts"
import { outcomeOf } from "./chat-outcome.ts"
import { QUESTION, SCENARIOS, type Scenario } from "./chat-scenarios.ts"
import { chunkEntry } from "./chunk-entry.ts"
import { ClockBar } from "./clock-bar.ts"
import { find, onAction, seconds, setAvailable, setFact, setOutcome, setState } from "./dom.ts"
import { COLUMNS_WITHOUT_ID, EventLog } from "./event-log.ts"
import { MessageField } from "./message-field.ts"
import { ScenarioChoice } from "./scenario-choice.ts"
import { tape } from "./tape.ts"

type Stream = ReturnType<typeof readChatCompletions>

/** The panel of the OpenAI-style answer. */
export class ChatPanel {
  readonly #root: HTMLElement
  readonly #log: EventLog
  readonly #message: MessageField
  readonly #answer: AnswerView
  readonly #clock: ClockBar
  readonly #choice: ScenarioChoice
  readonly #send: HTMLButtonElement
  readonly #cancel: HTMLButtonElement
  #running: Stream | undefined = undefined
  #heartbeats = 0

  constructor(root: HTMLElement) {
    this.#root = root
    this.#log = new EventLog(find(root, ".log"), COLUMNS_WITHOUT_ID)
    const form = find(root, "form", HTMLFormElement)
    this.#message = new MessageField(form)
    this.#answer = new AnswerView(root)
    this.#clock = new ClockBar(find(root, ".clock"))
    this.#choice = new ScenarioChoice(find(root, "fieldset", HTMLFieldSetElement), (scenario) =>
      this.#prepare(scenario),
    )
    form.addEventListener("submit", (event) => {
      event.preventDefault()
      if (this.#running === undefined && this.#message.check()) void this.#run(this.#choice.chosen)
    })
    this.#send = find(root, `[data-action="run"]`, HTMLButtonElement)
    this.#cancel = onAction(root, "cancel", () => void this.#running?.cancel())
    for (const chip of root.querySelectorAll<HTMLButtonElement>(".chip")) {
      chip.addEventListener("click", () => (this.#message.value = chip.textContent ?? ""))
    }
  }

  /** Shows the settings of a scenario; a question that the user wrote stays. */
  #prepare({ model, question = QUESTION, timeouts }: Scenario): void {
    const { value } = this.#message
    const isOurs = SCENARIOS.some(({ scenarios }) => scenarios.some((scenario) => scenario.question === value))
    if (isOurs || value === QUESTION) this.#message.value = question
    this.#clock.set(timeouts)
    find(this.#root, "[data-model]").textContent = `"${model}"`
    const [entry] = Object.entries(timeouts ?? {})
    find(this.#root, "[data-timeouts]").textContent = entry === undefined ? "" : `${entry[0]}: ${entry[1]}`
    find(this.#root, "[data-timeouts]").parentElement!.hidden = entry === undefined
  }

  async #run(scenario: Scenario): Promise<void> {
    let half = Infinity
    const stream = readChatCompletions(
      async (signal) => {
        const response = await this.#ask(scenario, signal)
        this.#clock.take("response")
        half = Number(response.headers.get("x-demo-pieces") ?? Infinity) / 2
        return response
      },
      { timeouts: scenario.timeouts, onHeartbeat: ({ text }) => this.#beat(text) },
    )
    this.#begin(stream)
    let chunks = 0
    try {
      for await (const chunk of stream) {
        this.#show(chunk, ++chunks)
        if (scenario.cancels === true && chunks >= half) await stream.cancel()
      }
    } catch {
      // The outcome below shows the error.
    }
    this.#finish(await stream.ended, stream)
  }

  #ask({ model }: Scenario, signal: AbortSignal): Promise<Response> {
    return tape.fetchOf("chat")("/v1/chat/completions", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        model,
        stream: true,
        stream_options: { include_usage: true },
        messages: [{ role: "user", content: this.#message.value }],
      }),
      signal,
    })
  }

  #begin(stream: Stream): void {
    this.#setRunning(stream)
    this.#log.clear()
    this.#answer.clear()
    this.#clock.start()
    this.#heartbeats = 0
    setState(this.#root, "connecting")
    setOutcome(this.#root, "")
    setFact(this.#root, "chunks", "0")
    setFact(this.#root, "beats", "0")
    for (const fact of ["answer", "first", "duration", "usage", "error", "kept"]) setFact(this.#root, fact, "–")
  }

  #show(chunk: ChatCompletionChunk, chunks: number): void {
    const delta = chunk.choices?.[0]?.delta
    const hasContent = delta?.content || delta?.reasoning_content || delta?.tool_calls
    this.#clock.take(hasContent ? "content" : "chunk")
    setState(this.#root, "open", "streaming")
    setFact(this.#root, "chunks", String(chunks))
    setFact(this.#root, "answer", chunk.id)
    this.#log.add(chunkEntry(chunk))
    this.#answer.update(this.#running!.snapshot)
  }

  #beat(text: string): void {
    this.#clock.take("comment")
    setFact(this.#root, "beats", String(++this.#heartbeats))
    this.#log.note("comment", text.trim() || "keep-alive")
  }

  #finish(end: EndInfo, { snapshot }: Stream): void {
    this.#setRunning(undefined)
    const { state, label, kind, text, error, kept } = outcomeOf(end, snapshot)
    const { usage } = snapshot
    this.#clock.stop(label === "timed out")
    if (end.firstContentMs !== null) setFact(this.#root, "first", `${Math.round(end.firstContentMs)} ms`)
    setFact(this.#root, "duration", seconds(end.durationMs))
    if (usage !== null) setFact(this.#root, "usage", `${usage.prompt_tokens} in, ${usage.completion_tokens} out`)
    setFact(this.#root, "error", error)
    setFact(this.#root, "kept", kept)
    setState(this.#root, state, label)
    setOutcome(this.#root, text, kind)
    this.#log.note("end", end.sawDone ? "[DONE]" : end.reason === "error" ? error : end.reason)
  }

  #setRunning(stream: Stream | undefined): void {
    this.#running = stream
    this.#choice.available = stream === undefined
    setAvailable(this.#send, stream === undefined)
    setAvailable(this.#cancel, stream !== undefined)
  }
}
