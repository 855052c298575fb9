import { relay } from "steadystream/openai"
import { textOf } from "../writing/stream-reading.ts"

export const CHUNK = 'data: {"id":"c","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}\n\n'
export const FINISH = 'data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
export const END = "data: [DONE]\n\n"

/** A provider whose pieces the test sends, with a record of its request. */
export class ManualProvider {
  signal: AbortSignal | undefined = undefined
  cancelled = false
  #controller!: ReadableStreamDefaultController<Uint8Array>
  readonly #body = new ReadableStream<Uint8Array>({
    start: (controller) => void (this.#controller = controller),
    cancel: () => void (this.cancelled = true),
  })

  readonly ask = async (signal: AbortSignal): Promise<Response> => {
    this.signal = signal
    return new Response(this.#body as ReadableStream<Uint8Array<ArrayBuffer>>, {
      headers: { "content-type": "text/event-stream", "x-request-id": "req_1" },
    })
  }

  send(text: string): void {
    this.#controller.enqueue(new TextEncoder().encode(text))
  }

  end(): void {
    this.#controller.close()
  }

  break(error: unknown): void {
    this.#controller.error(error)
  }
}

/** The text that a browser receives from a provider that sends `text` and ends. */
export async function relayed(text: string, options: Parameters<typeof relay>[1] = {}): Promise<string> {
  return textOf(relay(text, options).toReadableStream())
}
