/*
 * Law: items wait for those who ask, or those who ask for items; in order, and nothing that was taken is kept. Measured:
 * `shift()` of an array moves all that follows once there are tens of thousands, so items are removed many at a time.
 */
import { DONE } from "./iterator.ts"

/** How an end came about, where it is a failure. */
export type Failure = readonly [reason: unknown]

/** Items in their order. */
interface Items<Item> {
  readonly size: () => number
  /** The item that came last, where it still waits. */
  readonly last: () => Item | undefined
  readonly push: (item: Item) => void
  readonly take: () => Item | undefined
  readonly clear: () => void
}

function createItems<Item>(): Items<Item> {
  const items: (Item | undefined)[] = []
  let taken = 0
  const clear = (count = items.length) => {
    items.splice(0, count)
    taken = 0
  }
  return {
    size: () => items.length - taken,
    last: () => items.at(-1),
    push: (item) => void items.push(item),
    take() {
      const item = items[taken]
      // It would be kept until many are removed.
      items[taken++] = undefined
      if (taken >= items.length || taken > 1023) clear(taken)
      return item
    },
    clear,
  }
}

export interface Channel<Item, Value> extends Items<Item> {
  readonly next: () => Promise<IteratorResult<Value, undefined>>
  /** Nothing follows what waits, other than the failure, which is told once, or to all who wait now. */
  readonly end: (failure?: Failure, toAll?: boolean) => void
}

type Waiter<Value> = readonly [
  resolve: (result: IteratorResult<Value, undefined>) => void,
  reject: (reason: unknown) => void,
]

/**
 * @param open - Makes of an item what is given out; nothing is given out for `undefined`.
 * @param onChange - Called after each change, with whether somebody waits, and whether nothing is left of an end.
 */
export function createChannel<Item, Value>(
  open: (item: Item) => Value | undefined,
  onChange: (waits: boolean, isOver: boolean) => void,
): Channel<Item, Value> {
  const items = createItems<Item>()
  const waiters: Waiter<Value>[] = []
  let isEnded = false
  let tellsAll = false
  let failure: Failure | undefined
  const serve = () => {
    while (waiters.length > 0 && items.size() > 0) {
      const value = open(items.take()!)
      if (value !== undefined) waiters.shift()![0]({ done: false, value })
    }
    const isOver = isEnded && items.size() === 0
    if (isOver && waiters.length > 0) {
      settleAll(waiters.splice(0), failure, tellsAll)
      failure = undefined
    }
    onChange(waiters.length > 0, isOver)
  }
  return {
    ...items,
    end(why, toAll = false) {
      isEnded = true
      tellsAll = toAll
      failure = why
      serve()
    },
    push(item) {
      if (!isEnded) items.push(item)
      serve()
    },
    next: () =>
      new Promise((resolve, reject) => {
        waiters.push([resolve, reject])
        serve()
      }),
  }
}

function settleAll(waiters: Waiter<never>[], failure: Failure | undefined, tellsAll: boolean): void {
  for (const [index, [resolve, reject]] of waiters.entries()) {
    if (failure && (tellsAll || index === 0)) reject(failure[0])
    else resolve(DONE)
  }
}
