import { randomUUID } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { SseEvent } from "steadystream"
import { sendAnswer } from "steadystream/node"
import type { ChatCompletionChunk } from "steadystream/openai"
import { type Answers, type AnswerState, createAnswers, type EventStore } from "steadystream/server"
import { RequestError } from "./answer.ts"
import { answerTo, streamCompletion } from "./chat-completions.ts"
import { type ChatRequest, parseChatRequest } from "./chat-request.ts"

/** So short that the page shows soon that an answer is lost. */
const LEASE_MS = 3000
const BEAT_MS = 400
const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/

/** The answers that one process writes, and the number of its readers of each answer. */
export interface Activity {
  readonly writes: readonly string[]
  readonly readers: Readonly<Record<string, number>>
}

/** Options of {@link StoredAnswers}. */
export interface StoredAnswersOptions {
  readonly store: EventStore
  /** The name of this process: in each response, and in each chunk that it writes. */
  readonly processName: string
  /** Milliseconds between two tokens. */
  readonly token: number
  /** Called when the activity has changed. */
  readonly onChange: () => void
}

/** The answers of the sixth panel. They are stored while they are written, so they go on without a reader. */
export class StoredAnswers {
  readonly #options: StoredAnswersOptions
  readonly #answers: Answers
  readonly #writes: Set<string> = new Set()
  readonly #readers: Map<string, number> = new Map()

  constructor(options: StoredAnswersOptions) {
    this.#options = options
    this.#answers = createAnswers({ store: options.store, lease: LEASE_MS })
  }

  get activity(): Activity {
    return { writes: [...this.#writes], readers: Object.fromEntries(this.#readers) }
  }

  /** Starts an answer to a chat completion request, and returns its ID. */
  async start(body: unknown): Promise<string> {
    const request = parseChatRequest(body)
    const id = randomUUID()
    await this.#write(id, request, false)
    return id
  }

  /** Continues a lost answer after its last stored token. */
  async continue(id: string, body: unknown): Promise<void> {
    const request = parseChatRequest(body)
    if ((await this.state(id))?.status !== "lost") {
      throw new RequestError(409, "The answer must be lost", { code: "not_lost" })
    }
    await this.#write(id, request, true)
  }

  /** Sends the events of an answer until it ends, the client leaves or `signal` aborts. */
  async send(req: IncomingMessage, res: ServerResponse, id: string, signal: AbortSignal): Promise<void> {
    checkId(id)
    const headers = { "x-demo-process": this.#options.processName }
    this.#count(id, 1)
    try {
      await sendAnswer(this.#answers, req, res, id, { headers, signal })
    } finally {
      this.#count(id, -1)
    }
  }

  /** Cancels an answer, whatever process writes it. */
  async cancel(id: string): Promise<void> {
    checkId(id)
    await this.#answers.cancel(id, "stopped")
  }

  async state(id: string): Promise<AnswerState | undefined> {
    checkId(id)
    return this.#answers.state(id)
  }

  /** Ends the answers that this process writes as lost, and every session. */
  close(): Promise<void> {
    return this.#answers.closeAll({ within: 0 })
  }

  async #write(id: string, request: ChatRequest, takeOver: boolean): Promise<void> {
    const { token, processName } = this.#options
    const whole = answerTo(request)
    const { isProducer, ended } = await this.#answers.start(
      id,
      (signal, { events }) => {
        // Only the demo's model can begin in the middle: its answer to a message is always the same.
        const rest = { ...whole, pieces: whole.pieces.slice(events.filter(hasContent).length) }
        return streamCompletion(request, rest, { token, beat: BEAT_MS }, signal, processName)
      },
      { takeOver },
    )
    if (!isProducer) return
    this.#writes.add(id)
    this.#options.onChange()
    void ended.then(() => {
      this.#writes.delete(id)
      this.#options.onChange()
    })
  }

  #count(id: string, change: number): void {
    const readers = (this.#readers.get(id) ?? 0) + change
    if (readers === 0) this.#readers.delete(id)
    else this.#readers.set(id, readers)
    this.#options.onChange()
  }
}

function checkId(id: string): void {
  if (!UUID.test(id)) throw new RequestError(404, "There is no answer with this ID", { param: "id" })
}

function hasContent({ data }: SseEvent): boolean {
  if (data === "[DONE]") return false
  const { choices } = JSON.parse(data) as ChatCompletionChunk
  return Boolean(choices?.[0]?.delta?.content)
}
