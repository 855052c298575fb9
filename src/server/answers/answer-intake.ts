/* Turns what a source sends into the events that are stored, and learns from them how the answer stands. */
import { encodeEvent } from "../../encoder/index.ts"
import { SseTruncatedError } from "../../errors.ts"
import type { SseEvent } from "../../event.ts"
import { SseParser } from "../../parser/index.ts"
import { utf8Length } from "../store/store-checks.ts"
import { SseStoreError } from "../store/store-error.ts"
import { dialectOf, DONE_MARK, fieldsOf, NO_FIELDS } from "./answer-dialect.ts"
import { AnswerProgress } from "./answer-progress.ts"

export class AnswerIntake {
  readonly progress: AnswerProgress = new AnswerProgress()
  readonly #limit: number
  readonly #onText: (text: string) => void
  readonly #onOverLimit: (error: SseStoreError) => void
  readonly #parser: SseParser
  /** The bytes of the events. */
  #size = 0
  #isOverLimit = false
  /** Whether the parser dispatches the last event, which its source has not ended. */
  #isAtEnd = false
  #isLastTaken = false

  /**
   * @param limit - The bytes of an answer.
   * @param onText - Called with the text that is stored of each event.
   * @param onOverLimit - Called once with the error for the event that exceeds `limit`.
   */
  constructor(limit: number, onText: (text: string) => void, onOverLimit: (error: SseStoreError) => void) {
    this.#limit = limit
    this.#onText = onText
    this.#onOverLimit = onOverLimit
    this.#parser = new SseParser({ onEvent: (event) => this.#add(event) })
  }

  /** Takes note of an event that is stored already. */
  noteStored(event: SseEvent): void {
    this.progress.note(event)
    this.#size += utf8Length(textOf(event))
  }

  /** Takes a piece of an event stream, cut anywhere. Throws what the parser throws at an event that is too large. */
  feed(bytes: Uint8Array<ArrayBuffer>): void {
    this.#parser.feed(bytes)
  }

  /** Takes the end of the source; returns the error if it lost a part of the last event. */
  end(): SseTruncatedError | undefined {
    this.#isAtEnd = true
    const { incomplete } = this.#parser.end({ flush: true })
    if (!incomplete || this.#isLastTaken || this.progress.isOver) return undefined
    return new SseTruncatedError("Cannot store answer: its source must not end within an event", "events")
  }

  #add(event: SseEvent): void {
    if (this.#isOverLimit) return
    if (this.#isAtEnd) {
      if (!this.#isWholeLast(event)) return
      this.#isLastTaken = true
    }
    const text = textOf(event)
    this.#size += utf8Length(text)
    if (this.#size > this.#limit) {
      this.#isOverLimit = true
      const why = `Cannot store answer: "limit" of ${this.#limit} was exceeded`
      return this.#onOverLimit(new SseStoreError(why, "limit"))
    }
    this.progress.note(event)
    this.#onText(text)
  }

  /** Whether the last event of a dialect is whole although the blank line after it is missing, as readers see it. */
  #isWholeLast(event: SseEvent): boolean {
    const { dialect = dialectOf(event, this.progress.count) } = this.progress
    return dialect !== undefined && (event.data.trim() === DONE_MARK || fieldsOf(event.data) !== NO_FIELDS)
  }
}

/** The text that is stored of an event: without what a source may say to its own client. */
function textOf({ event, data }: Pick<SseEvent, "event" | "data">): string {
  return encodeEvent({ event, data })
}
