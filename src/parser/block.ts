/*
 * Law: the pending block of fields, and what its end dispatches: "interpreting an event stream" of the specification.
 * Where lines end, and where chunks were cut, is no concern of it.
 * Spec: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
import { limitOf, type SseParserLimits, type SseParserOptions } from "./options.ts"

/** Ends the stream because something is over the limit. */
export type Exceed = (limit: keyof SseParserLimits, max: number) => never

// A handler is called as a function: called as a member, it would get the block for its `this`.
export class Block {
  readonly #onEvent: SseParserOptions["onEvent"]
  readonly #onRetry: SseParserOptions["onRetry"]
  readonly #onId: SseParserOptions["onId"]
  readonly #maxEventSize: number
  readonly #exceed: Exceed
  readonly onComment: SseParserOptions["onComment"]
  readonly onUnknownLine: SseParserOptions["onUnknownLine"]

  // The buffers of the specification
  data: string | undefined = undefined
  #eventType = ""
  #id: string | undefined = undefined
  /** How many more characters they may hold. */
  #room: number
  lastEventId: string

  /** Counts the resets, so that what runs across a handler can see that one came. */
  epoch = 0

  constructor(options: SseParserOptions, exceed: Exceed) {
    this.#onEvent = options.onEvent
    this.#onRetry = options.onRetry
    this.#onId = options.onId
    this.onComment = options.onComment
    this.onUnknownLine = options.onUnknownLine
    this.#maxEventSize = this.#room = limitOf(options, "maxEventSize")
    this.#exceed = exceed
    this.lastEventId = options.lastEventId ?? ""
  }

  /** Whether it has a field that a blank line would use. */
  get hasFields(): boolean {
    return (this.data ?? this.#id) !== undefined || this.#eventType !== ""
  }

  /** Drops the block. */
  reset(): void {
    this.epoch++
    this.data = undefined
    this.#eventType = ""
    this.#id = undefined
    this.#room = this.#maxEventSize
  }

  /** Ends the block: moves the cursor and dispatches the event, if there is data. */
  end(data: string | undefined): void {
    const id = this.#id
    const event = this.#eventType === "" ? "message" : this.#eventType
    if (this.data === undefined && data !== undefined) this.#take(data.length)
    this.data = undefined
    this.#eventType = ""
    this.#room = this.#maxEventSize
    if (id !== undefined) {
      this.#id = undefined
      // Spec: the last event ID is set before the data buffer is looked at, so a block with only an id moves it.
      this.lastEventId = id
      if (this.#onId !== undefined) return this.#endAfterId(this.#onId, event, data, id)
    }
    const onEvent = this.#onEvent
    if (data !== undefined) onEvent?.({ event, data, id, lastEventId: this.lastEventId })
  }

  #endAfterId(onId: (id: string) => void, event: string, data: string | undefined, id: string): void {
    const { epoch } = this
    const onEvent = this.#onEvent
    try {
      onId(id)
    } finally {
      if (data !== undefined && this.epoch === epoch) onEvent?.({ event, data, id, lastEventId: id })
    }
  }

  addData(value: string): void {
    this.#take(this.data === undefined ? value.length : value.length + 1)
    this.data = this.data === undefined ? value : `${this.data}\n${value}`
  }

  setEventType(value: string): void {
    this.#take(value.length - this.#eventType.length)
    this.#eventType = value
  }

  setId(value: string): void {
    this.#take(this.#id === undefined ? value.length : value.length - this.#id.length)
    this.#id = value
  }

  /** Takes a line that is neither blank nor a comment nor of a frequent field with a colon. */
  addRare(line: string): void {
    if (line === "data") this.addData("")
    else if (line === "event") this.setEventType("")
    else if (line === "id") this.setId("")
    else if (/^retry(?::|$)/.test(line)) {
      // Spec: only ASCII digits, however many; a number beyond the safe integers says no more than the last of them.
      const digits = /^retry: ?(\d+)$/.exec(line)?.[1]
      const onRetry = this.#onRetry
      if (digits !== undefined) onRetry?.(Math.min(Number(digits), Number.MAX_SAFE_INTEGER))
    } else {
      const { onUnknownLine } = this
      onUnknownLine?.(line)
    }
  }

  #take(length: number): void {
    this.#room -= length
    if (this.#room < 0) this.#exceed("maxEventSize", this.#maxEventSize)
  }
}
