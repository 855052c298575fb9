/*
 * Law: pulled piece by piece, in order; leaving stops the source at once, also while it is waited for, which a generator
 * around it could not do.
 */
import { ignore } from "../../internal/cancel.ts"
import { isItemSource, openItems, type OpenedSource } from "../../internal/item-source.ts"
import { type AnswerDelta, type AnswerPiece, type AnswerSource, pieceOf } from "./answer-delta.ts"

/** Turns the pieces of one answer into what is written of it. */
export interface Composer<T> {
  /** What is written before the first piece has come. */
  open(): T[]
  add(piece: AnswerPiece): T[]
  /** What is written after the last. */
  close(): T[]
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }

export class ComposedItems<T> implements AsyncIterableIterator<T, undefined, undefined> {
  readonly #source: OpenedSource<AnswerDelta>
  readonly #composer: Composer<T>
  #items: T[] = []
  #taken = 0
  #opened = false
  #over = false
  #turn: Promise<unknown> = Promise.resolve()

  /** @throws TypeError where `source` is no iterable, no stream and no string. */
  constructor(source: AnswerSource, composer: Composer<T>) {
    const given = typeof source === "string" ? [source] : source
    if (!isItemSource(given)) {
      throw new TypeError("Cannot build answer: the deltas must be an iterable, a ReadableStream or a string")
    }
    this.#source = openItems(given)
    this.#composer = composer
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const result = this.#turn.then(() => this.#take())
    this.#turn = result.catch(ignore)
    return result
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#items = []
    const stopped = this.#over ? undefined : this.#source.stop(undefined)
    this.#over = true
    await stopped
    return DONE
  }

  async #take(): Promise<IteratorResult<T, undefined>> {
    if (!this.#opened && !this.#over) {
      this.#opened = true
      this.#offer(this.#composer.open())
    }
    while (this.#taken === this.#items.length && !this.#over) await this.#advance()
    return this.#taken < this.#items.length ? { done: false, value: this.#items[this.#taken++]! } : DONE
  }

  async #advance(): Promise<void> {
    try {
      const result = await this.#source.next()
      if (this.#over) return
      if (result.done === true) this.#over = true
      this.#offer(result.done === true ? this.#composer.close() : this.#composer.add(pieceOf(result.value)))
    } catch (error) {
      if (this.#over) return
      this.#over = true
      this.#source.stop(error).catch(ignore)
      throw error
    }
  }

  #offer(items: T[]): void {
    this.#items = items
    this.#taken = 0
  }
}
