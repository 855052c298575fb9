/*
 * What the events of an answer say of it, as the chunk readers of its dialect see them: whether it is whole, and whether
 * they report an error.
 */
import type { SseEvent } from "../../event.ts"
import { END_EVENT } from "../../internal/reserved-events.ts"
import { type AnswerDialect, dialectOf, DONE_MARK, fieldsOf, type Fields, isErrorEvent } from "./answer-dialect.ts"

export class AnswerProgress {
  dialect: AnswerDialect | undefined = undefined
  /** The number of events. */
  count = 0
  #lastType = ""
  #hasError = false
  #sawMark = false
  #sawTerminal = false
  /** The choices, and whether each has ended. */
  readonly #choices: Map<number, boolean> = new Map()

  /** Takes note of the next event. */
  note({ event, data }: Pick<SseEvent, "event" | "data">): void {
    this.#lastType = event
    this.dialect ??= dialectOf({ event, data }, this.count)
    this.count++
    if (this.dialect === undefined) return
    if (data.trim() === DONE_MARK) this.#sawMark = true
    if (this.#hasEnded || this.#hasError) return
    const json = fieldsOf(data)
    if (isErrorEvent(event, json)) this.#hasError = true
    else if (this.dialect === "chunks") this.#noteChoices(json)
    else this.#sawTerminal = /^response\.(?:completed|incomplete)$/.test(String(json["type"] ?? event))
  }

  /** Whether readers of the dialect have read the last event of a whole answer. */
  get isOver(): boolean {
    return this.#hasEnded && !this.#hasError && this.isWhole
  }

  /** Whether readers of the dialect read no further. */
  get #hasEnded(): boolean {
    return this.#sawMark || this.#sawTerminal
  }

  /** Whether the events report an error themselves, which readers understand. */
  get reportsError(): boolean {
    return this.dialect === undefined ? this.#lastType === "error" || this.hasEndEvent : this.#hasError
  }

  /** Whether the last event is `steadystream.end`. */
  get hasEndEvent(): boolean {
    return this.#lastType === END_EVENT
  }

  /** Whether nothing is missing: of a dialect that is not known, this cannot be seen. */
  get isWhole(): boolean {
    if (this.dialect === undefined) return true
    if (this.dialect === "responses") return this.#sawTerminal
    const ends = [...this.#choices.values()]
    return ends.length > 0 && (this.#sawMark || ends.every(Boolean))
  }

  #noteChoices({ choices }: Fields): void {
    if (!Array.isArray(choices)) return
    for (const [place, piece] of (choices as (Fields | null)[]).entries()) {
      if (typeof piece !== "object" || piece === null) continue
      const { index, finish_reason: reason, delta } = piece
      const number = Number.isInteger(index) ? (index as number) : place
      // The last piece of audio has no finish reason, only a time of expiry.
      const { audio } = (delta ?? {}) as { readonly audio?: { readonly expires_at?: unknown } | null }
      const hasEnded = Boolean(reason) || typeof audio?.expires_at === "number"
      this.#choices.set(number, hasEnded || this.#choices.get(number) === true)
    }
  }
}
