/* Law: what each dialect writes for a chunk, for an error and for the end. No I/O: chunks go in, events come out. */
import type { SseEventInit } from "../../event.ts"
import { jsonOf } from "./encode-chunk.ts"
import { type ChunkDialect, errorEvent, responseErrorEvent, type WrittenError } from "./encode-error.ts"

type Fields = Readonly<Record<string, unknown>>

/** Turns what a source gives into the events of one stream. */
export interface EventWriter<T> {
  write(item: T): SseEventInit
  /** The events that say that the stream failed; nothing is written after them. */
  fail(error: WrittenError): SseEventInit[]
  /** The events that say that the answer is whole. */
  end(): SseEventInit[]
}

/** Writes the chunks of a dialect. */
export interface DialectWriter extends EventWriter<object> {
  /** Takes note of a chunk that is written by somebody else. */
  note(chunk: object): void
}

/** @param done - Whether a whole answer ends with `[DONE]`; by default as the dialect has it. */
export function dialectWriter(dialect: ChunkDialect, done: boolean = dialect !== "responses"): DialectWriter {
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

  fail(error: WrittenError): SseEventInit[] {
    return [errorEvent(error)]
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
    if (type === "error" || type === "response.failed") this.#failed = true
  }

  fail(error: WrittenError): SseEventInit[] {
    const first = this.#sequenceNumber + 1
    const { message, code } = error
    const response = { ...this.#response, status: "failed", error: { code: code ?? "server_error", message } }
    const type = "response.failed"
    const failed = { event: type, data: jsonOf({ type, sequence_number: first + 1, response }) }
    return [responseErrorEvent(error, first), failed]
  }

  end(): SseEventInit[] {
    return this.#done && !this.#failed ? [{ data: "[DONE]" }] : []
  }
}
