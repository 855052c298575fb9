/* The events that each dialect writes for a chunk, for an error and for the end. No I/O. */
import type { ProviderErrorBody } from "../../errors.ts"
import type { SseEventInit } from "../../event.ts"
import type { DialectName } from "../dialects/dialect-name.ts"
import { jsonOf } from "./encode-chunk.ts"
import { errorEvent, responseErrorEvent, writtenError } from "./encode-error.ts"

type Fields = Readonly<Record<string, unknown>>

/** Turns the items of a source into the events of one stream. */
export interface EventWriter<T> {
  /** Whether this program cancelled the answer, whose end is then no failure to report. */
  readonly isCancelled?: boolean
  /** Returns the event of an item. */
  write(item: T): SseEventInit
  /**
   * Returns the events for a failure; nothing is written after them.
   *
   * @param visible - The error that the client may see; by default a server error without details.
   * @param error - The error that was thrown.
   */
  fail(visible: Partial<ProviderErrorBody> | undefined, error: unknown): SseEventInit[]
  /** Returns the events for the end of a complete answer. */
  end(): SseEventInit[]
}

/** Writes the chunks of a dialect. */
export interface DialectWriter extends EventWriter<object> {
  /** Takes note of a chunk that is written without `write`. */
  note(chunk: object): void
  fail(visible?: Partial<ProviderErrorBody>): SseEventInit[]
  /** Returns the events that must follow an error that was written without `fail`. */
  failAfterError(error: Partial<ProviderErrorBody>): SseEventInit[]
}

/**
 * Returns a writer for one stream.
 *
 * @param done - Whether a complete answer ends with `[DONE]`; by default not in the Responses dialect.
 */
export function dialectWriter(dialect: DialectName, done: boolean = dialect !== "responses"): DialectWriter {
  return dialect === "responses" ? new ResponsesWriter(done) : new CompletionsWriter(done)
}

class CompletionsWriter implements DialectWriter {
  readonly #done: boolean
  #failed = false

  constructor(done: boolean) {
    this.#done = done
  }

  write(chunk: object): SseEventInit {
    // The JSON of bytes, of text or of a list is no chunk for any client.
    if (typeof chunk !== "object" || chunk === null || Symbol.iterator in chunk) {
      throw new TypeError("Cannot encode chunk: a chunk must be an object")
    }
    const data = jsonOf(chunk)
    this.note(chunk)
    return { data }
  }

  note(chunk: object): void {
    if ((chunk as Fields)["error"]) this.#failed = true
  }

  fail(visible: Partial<ProviderErrorBody> = {}): SseEventInit[] {
    return [errorEvent(writtenError(visible))]
  }

  failAfterError(): SseEventInit[] {
    return []
  }

  end(): SseEventInit[] {
    return this.#done && !this.#failed ? [{ data: "[DONE]" }] : []
  }
}

class ResponsesWriter implements DialectWriter {
  readonly #done: boolean
  #sequenceNumber = -1
  #response: Fields = { object: "response", output: [] }
  #failed = false
  #isOver = false

  constructor(done: boolean) {
    this.#done = done
  }

  write(chunk: object): SseEventInit {
    const { type, sequence_number: given } = chunk as Fields
    if (typeof type !== "string" || /[\r\n]/.test(type)) {
      throw new TypeError('Cannot encode chunk: the "type" of a Responses event must be a string without line breaks')
    }
    const numbered = typeof given === "number" ? chunk : { ...chunk, sequence_number: this.#sequenceNumber + 1 }
    const data = jsonOf(numbered)
    this.note(numbered)
    return { event: type, data }
  }

  note(chunk: object): void {
    const { type, sequence_number: given, response } = chunk as Fields
    // A provider's numbers may fall, but the number of an error must not.
    if (typeof given === "number") this.#sequenceNumber = Math.max(given, this.#sequenceNumber)
    if (typeof response === "object" && response !== null) this.#response = response as Fields
    if (type === "response.completed" || type === "response.incomplete" || type === "response.failed")
      this.#isOver = true
    if (type === "error" || type === "response.failed") this.#failed = true
  }

  fail(visible: Partial<ProviderErrorBody> = {}): SseEventInit[] {
    const event = responseErrorEvent(writtenError(visible), ++this.#sequenceNumber)
    return [event, ...this.failAfterError(visible)]
  }

  failAfterError(error: Partial<ProviderErrorBody>): SseEventInit[] {
    if (this.#isOver) return []
    const { message, code } = writtenError(error)
    const failure = { status: "failed", error: { code: code ?? "server_error", message } }
    const type = "response.failed"
    const dataOf = (response: Fields): string =>
      jsonOf({ type, sequence_number: this.#sequenceNumber + 1, response: { ...response, ...failure } })
    try {
      return [{ event: type, data: dataOf(this.#response) }]
    } catch {
      // The response is nested too deeply to be written.
      return [{ event: type, data: dataOf({ object: "response", output: [] }) }]
    }
  }

  end(): SseEventInit[] {
    return this.#done && !this.#failed ? [{ data: "[DONE]" }] : []
  }
}
