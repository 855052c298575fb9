/* Law: what each dialect writes for a chunk, for an error and for the end. No I/O: chunks go in, events come out. */
import type { ProviderErrorBody } from "../../errors.ts"
import type { SseEventInit } from "../../event.ts"
import type { DialectName } from "../dialects/dialect-name.ts"
import { jsonOf } from "./encode-chunk.ts"
import { errorEvent, responseErrorEvent, writtenError } from "./encode-error.ts"

type Fields = Readonly<Record<string, unknown>>

/** Turns what a source gives into the events of one stream. */
export interface EventWriter<T> {
  write(item: T): SseEventInit
  /**
   * The events that say that the stream failed; nothing is written after them.
   *
   * @param told - What the client may know; nothing by default.
   * @param error - What was thrown.
   */
  fail(told: Partial<ProviderErrorBody> | undefined, error: unknown): SseEventInit[]
  /** The events that say that the answer is whole. */
  end(): SseEventInit[]
}

/** Writes the chunks of a dialect. */
export interface DialectWriter extends EventWriter<object> {
  /** Takes note of a chunk that is written by somebody else. */
  note(chunk: object): void
  fail(told?: Partial<ProviderErrorBody>): SseEventInit[]
  /** What still has to be said where the error itself was written by somebody else. */
  failAfterError(error: Partial<ProviderErrorBody>): SseEventInit[]
}

/** @param done - Whether a whole answer ends with `[DONE]`; by default as the dialect has it. */
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
    const data = jsonOf(chunk)
    this.note(chunk)
    return { data }
  }

  note(chunk: object): void {
    if ((chunk as Fields)["error"]) this.#failed = true
  }

  fail(told: Partial<ProviderErrorBody> = {}): SseEventInit[] {
    return [errorEvent(writtenError(told))]
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
      throw new TypeError('Cannot encode chunk: the "type" of a Responses event must be a string of one line')
    }
    const numbered = typeof given === "number" ? chunk : { ...chunk, sequence_number: this.#sequenceNumber + 1 }
    const data = jsonOf(numbered)
    this.note(numbered)
    return { event: type, data }
  }

  note(chunk: object): void {
    const { type, sequence_number: given, response } = chunk as Fields
    if (typeof given === "number") this.#sequenceNumber = given
    if (typeof response === "object" && response !== null) this.#response = response as Fields
    if (type === "response.completed" || type === "response.incomplete" || type === "response.failed")
      this.#isOver = true
    if (type === "error" || type === "response.failed") this.#failed = true
  }

  fail(told: Partial<ProviderErrorBody> = {}): SseEventInit[] {
    const event = responseErrorEvent(writtenError(told), ++this.#sequenceNumber)
    return [event, ...this.failAfterError(told)]
  }

  failAfterError(error: Partial<ProviderErrorBody>): SseEventInit[] {
    if (this.#isOver) return []
    const { message, code } = writtenError(error)
    const response = { ...this.#response, status: "failed", error: { code: code ?? "server_error", message } }
    const type = "response.failed"
    return [{ event: type, data: jsonOf({ type, sequence_number: this.#sequenceNumber + 1, response }) }]
  }

  end(): SseEventInit[] {
    return this.#done && !this.#failed ? [{ data: "[DONE]" }] : []
  }
}
