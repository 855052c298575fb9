/* A provider whose one answer the test writes. It is no server: `ask` stands for the request. */

/** The text of an event with a chunk of chat completions. */
export function chunkText(content: string, finish_reason: string | null = null): string {
  const choices = [{ index: 0, delta: { content }, finish_reason }]
  return `data: ${JSON.stringify({ object: "chat.completion.chunk", choices })}\n\n`
}

export class WrittenProvider {
  /** Answers the requests instead of the stream that the test writes. */
  refusal: Response | undefined = undefined
  /** The signals of the requests. */
  readonly signals: AbortSignal[] = []
  readonly #body: TransformStream<Uint8Array, Uint8Array> = new TransformStream()
  readonly #writer: WritableStreamDefaultWriter<Uint8Array> = this.#body.writable.getWriter()

  /** Asks, and returns the response of the provider. */
  readonly ask = async (_messages: unknown, signal: AbortSignal): Promise<Response> => {
    this.signals.push(signal)
    if (this.refusal !== undefined) return this.refusal
    const body = this.#body.readable as ReadableStream<Uint8Array<ArrayBuffer>>
    return new Response(body, { headers: { "content-type": "text/event-stream" } })
  }

  /** Sends event-stream text. */
  write(text: string): void {
    this.#writer.write(new TextEncoder().encode(text)).catch(() => {})
  }

  /** Sends a chunk for each text. */
  send(...texts: readonly string[]): void {
    for (const text of texts) this.write(chunkText(text))
  }

  /** Sends the rest of a whole answer. */
  finish(): void {
    this.write(`${chunkText("", "stop")}data: [DONE]\n\n`)
    this.#writer.close().catch(() => {})
  }

  /** Breaks the connection. */
  cut(): void {
    this.#writer.abort(new TypeError("the connection broke")).catch(() => {})
  }
}
