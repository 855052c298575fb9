/* An async FIFO queue: it buffers items for consumers, or consumers for items. No item that was taken is kept. */
import { Fifo } from "./fifo.ts"
import { DONE } from "./iterator.ts"

/** The reason of an end that is a failure. */
export type Failure = readonly [reason: unknown]

type Waiter<Value> = readonly [
  resolve: (result: IteratorResult<Value, undefined>) => void,
  reject: (reason: unknown) => void,
]

export class Channel<Item, Value = Item> extends Fifo<Item> {
  readonly #onChange: (isAwaited: boolean, isOver: boolean) => void
  readonly #waiters: Fifo<Waiter<Value>> = new Fifo()
  #isEnded = false
  #failsAll = false
  #failure: Failure | undefined

  /** @param onChange - Called after each change, with whether a consumer waits, and whether an end has been reached. */
  constructor(onChange: (isAwaited: boolean, isOver: boolean) => void) {
    super()
    this.#onChange = onChange
  }

  override push(item: Item): void {
    if (!this.#isEnded) super.push(item)
    this.#serve()
  }

  next(): Promise<IteratorResult<Value, undefined>> {
    return new Promise((resolve, reject) => {
      this.#waiters.push([resolve, reject])
      this.#serve()
    })
  }

  /** Nothing follows the items that are buffered but the failure: once, or with `failsAll` to all who wait now. */
  end(failure?: Failure, failsAll = false): void {
    this.#isEnded = true
    this.#failsAll = failsAll
    this.#failure = failure
    this.#serve()
  }

  /** Whether it has ended, and every item was taken. */
  get isOver(): boolean {
    return this.#isEnded && this.size === 0
  }

  /** Whether a consumer waits for an item. */
  protected get isAwaited(): boolean {
    return this.#waiters.size > 0
  }

  /** The value that a consumer gets for an item, which is the item itself; `undefined` skips it. */
  protected open(item: Item): Value | undefined {
    return item as unknown as Value
  }

  #serve(): void {
    const waiters = this.#waiters
    while (waiters.size > 0 && this.size > 0) {
      const value = this.open(this.shift()!)
      if (value !== undefined) waiters.shift()![0]({ done: false, value })
    }
    const { isOver } = this
    if (isOver && waiters.size > 0) {
      const failure = this.#failure
      this.#failure = undefined
      for (const [index, [resolve, reject]] of waiters.takeAll().entries()) {
        if (failure && (this.#failsAll || index === 0)) reject(failure[0])
        else resolve(DONE)
      }
    }
    this.#onChange(waiters.size > 0, isOver)
  }
}
