/* A language model of the package ai whose one answer the test writes. */
import { MockLanguageModelV4 } from "ai/test"

type ModelStream = Awaited<ReturnType<MockLanguageModelV4["doStream"]>>["stream"]
type ModelPart = ModelStream extends ReadableStream<infer Part> ? Part : never

const NONE = { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined }
const USAGE = { inputTokens: NONE, outputTokens: { total: undefined, text: undefined, reasoning: undefined } }

export class WrittenModel {
  /** The signals of the requests. */
  readonly signals: (AbortSignal | undefined)[] = []
  readonly model: MockLanguageModelV4
  readonly #parts: TransformStream<ModelPart, ModelPart> = new TransformStream()
  readonly #writer: WritableStreamDefaultWriter<ModelPart> = this.#parts.writable.getWriter()

  constructor() {
    this.model = new MockLanguageModelV4({
      doStream: async ({ abortSignal }) => {
        this.signals.push(abortSignal)
        abortSignal?.addEventListener("abort", () => void this.#writer.abort(abortSignal.reason).catch(() => {}))
        return { stream: this.#parts.readable }
      },
    })
    this.#write({ type: "stream-start", warnings: [] }, { type: "text-start", id: "1" })
  }

  send(...texts: readonly string[]): void {
    this.#write(...texts.map((delta) => ({ type: "text-delta", id: "1", delta }) as const))
  }

  finish(): void {
    const finishReason = { unified: "stop", raw: "stop" } as const
    this.#write({ type: "text-end", id: "1" }, { type: "finish", finishReason, usage: USAGE })
    this.#writer.close().catch(() => {})
  }

  /** Reports an error in the stream. */
  report(reason: Error): void {
    this.#write({ type: "error", error: reason })
    this.#writer.close().catch(() => {})
  }

  /** Breaks the stream. */
  cut(): void {
    this.#writer.abort(new TypeError("the connection broke")).catch(() => {})
  }

  #write(...parts: readonly ModelPart[]): void {
    for (const part of parts) this.#writer.write(part).catch(() => {})
  }
}
