import { Fifo } from "../../internal/fifo.ts"

/** A store refuses what it cannot hold, or becomes slow for what must be fast. */
const MOST_READS = 100

/** Keeps the number of reads and comparisons under way small: when all clients come back at once, the others wait. */
export class ReadTurns {
  readonly #waiting: Fifo<() => void> = new Fifo()
  #reads = 0

  /** Calls `read` at once or when enough earlier reads have settled; settles as it does. */
  take<Result>(read: () => Promise<Result>): Promise<Result> {
    if (this.#reads < MOST_READS) return this.#start(read)
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => void this.#start(read).then(resolve, reject))
    })
  }

  #start<Result>(read: () => Promise<Result>): Promise<Result> {
    this.#reads++
    const result = started(read)
    result.then(this.#onSettled, this.#onSettled)
    return result
  }

  readonly #onSettled = (): void => {
    this.#reads--
    this.#waiting.shift()?.()
  }
}

/** A store may throw. */
function started<Result>(read: () => Promise<Result>): Promise<Result> {
  try {
    return read()
  } catch (error) {
    return Promise.reject(error)
  }
}
