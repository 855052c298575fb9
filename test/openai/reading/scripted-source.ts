import type { ChatSnapshot, ChunkStreamError } from "steadystream/openai"

/** A body whose pieces the test writes one by one. */
export class ScriptedSource {
  readonly #pieces: (string | Uint8Array)[] = []
  #end: { readonly error?: unknown } | undefined = undefined
  #wake: (() => void) | undefined = undefined
  /** How often a piece was requested. */
  reads = 0
  /** The reason of each cancellation. */
  readonly cancellations: unknown[] = []
  readonly stream: ReadableStream<Uint8Array>

  constructor() {
    this.stream = new ReadableStream(
      {
        pull: (controller) => this.#pull(controller as ReadableStreamDefaultController<unknown>),
        cancel: (reason) => {
          this.cancellations.push(reason)
          this.#wake?.()
        },
      },
      { highWaterMark: 0 },
    ) as ReadableStream<Uint8Array>
  }

  write(...pieces: (string | Uint8Array)[]): this {
    this.#pieces.push(...pieces)
    this.#wake?.()
    return this
  }

  close(): this {
    this.#end = {}
    this.#wake?.()
    return this
  }

  fail(error: unknown): this {
    this.#end = { error }
    this.#wake?.()
    return this
  }

  async #pull(controller: ReadableStreamDefaultController<unknown>): Promise<void> {
    this.reads++
    while (this.#pieces.length === 0 && this.#end === undefined && this.cancellations.length === 0) {
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    const piece = this.#pieces.shift()
    if (piece !== undefined) controller.enqueue(piece)
    else if (this.#end !== undefined && "error" in this.#end) controller.error(this.#end.error)
    else if (this.#end !== undefined) controller.close()
  }
}

/** The events of `payloads`, with JSON for each payload that is not a string. */
export function events(...payloads: unknown[]): string {
  return payloads
    .map((payload) => `data: ${typeof payload === "string" ? payload : JSON.stringify(payload)}\n\n`)
    .join("")
}

/** A chunk of a chat completion with the delta `delta` in its first choice. */
export function chat(delta: object, finish: string | null = null): Record<string, unknown> {
  return {
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1,
    model: "m",
    choices: [{ index: 0, delta, finish_reason: finish }],
  }
}

/** Returns the reason that `promise` rejects with, and throws if it resolves. */
export async function rejection<E = ChunkStreamError<ChatSnapshot>>(promise: Promise<unknown>): Promise<E> {
  try {
    await promise
  } catch (error) {
    return error as E
  }
  throw new Error("it resolved")
}

/** Reads all chunks of a stream. */
export async function all<T>(chunks: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const chunk of chunks) list.push(chunk)
  return list
}

/** The events of a whole answer that says "Hello". */
export const HELLO: string = events(
  chat({ role: "assistant", content: "" }),
  chat({ content: "Hel" }),
  chat({ content: "lo" }),
  chat({}, "stop"),
)

export const DONE = "data: [DONE]\n\n"

/** Waits until all pending promises have settled, with one turn of the event loop. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve, 0))
}

export const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)

/** A promise and the functions that settle it. */
export function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve!: (value: T) => void
  const promise = new Promise<T>((settled) => (resolve = settled))
  return { promise, resolve }
}
