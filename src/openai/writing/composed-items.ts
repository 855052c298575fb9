/*
 * Turns the pieces of an answer into the items that are written of it: pulled one by one, in their order. Leaving stops
 * the source at once, also during a pending read; a generator could not do that.
 */
import { ignore } from "../../internal/cancel.ts"
import { discardItems, isItemSource, openItems, type OpenedSource } from "../../internal/item-source.ts"
import { DONE, inTurn } from "../../internal/iterator.ts"
import type { AnswerDelta, AnswerPiece, AnswerSource } from "./answer-delta.ts"
import { pieceOf } from "./delta-check.ts"

/** Turns the pieces of one answer into items. */
export interface Composer<T> {
  /** The items before the first piece. */
  open(): T[]
  /** The items for one piece. */
  add(piece: AnswerPiece): T[]
  /** The items after the last piece. */
  close(): T[]
}

/**
 * Returns an iterator over the items that the composer makes of `source`.
 *
 * @param compose - Returns the composer; if it throws, the source is closed.
 * @throws TypeError if `source` is not an iterable, a stream or a string.
 */
export function composeItems<T>(
  source: AnswerSource,
  compose: () => Composer<T>,
): AsyncIterableIterator<T, undefined, undefined> {
  const pieces = typeof source === "string" ? [source] : source
  if (!isItemSource(pieces)) {
    throw new TypeError("Cannot build answer: the deltas must be an iterable, a ReadableStream or a string")
  }
  let composer: Composer<T>
  try {
    composer = compose()
  } catch (error) {
    discardItems(pieces, error)
    throw error
  }
  return new ComposedItems(openItems(pieces), composer)
}

class ComposedItems<T> implements AsyncIterableIterator<T, undefined, undefined> {
  readonly #source: OpenedSource<AnswerDelta>
  readonly #composer: Composer<T>
  /** The items that wait, `undefined` before the first call of `next`. */
  #items: T[] | undefined
  #isOver = false
  #isLooped = false
  readonly next: () => Promise<IteratorResult<T, undefined>> = inTurn(() => this.#take())

  constructor(source: OpenedSource<AnswerDelta>, composer: Composer<T>) {
    this.#source = source
    this.#composer = composer
  }

  [Symbol.asyncIterator](): this {
    if (this.#isLooped && this.#isOver) throw new TypeError("Cannot iterate: the iterator must have only one consumer")
    this.#isLooped = true
    return this
  }

  async #take(): Promise<IteratorResult<T, undefined>> {
    this.#items ??= this.#composer.open()
    while (this.#items.length === 0 && !this.#isOver) await this.#advance()
    const value = this.#items.shift()
    return value === undefined ? DONE : { done: false, value }
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#items = []
    const isOver = this.#isOver
    this.#isOver = true
    if (!isOver) await this.#source.stop(undefined)
    return DONE
  }

  async #advance(): Promise<void> {
    try {
      const { done, value } = await this.#source.next()
      if (this.#isOver) return
      this.#items = done === true ? this.#composer.close() : this.#composer.add(pieceOf(value))
      // Only now, so that an error of the last step is thrown like every other one.
      this.#isOver = done === true
    } catch (error) {
      if (this.#isOver) return
      this.#isOver = true
      this.#source.stop(error).catch(ignore)
      throw error
    }
  }
}
