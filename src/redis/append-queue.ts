/*
 * The appends to one log, one script at a time: so they are stored in the order of the calls, whatever the client, a script
 * cache or a cluster does, and no append overtakes an earlier one of its producer. What waits is sent together.
 */
import { reasonOf } from "../internal/abort-listener.ts"

export interface WaitingAppend {
  /** Whether other appends may go in the same script. */
  readonly isPlain: boolean
  readonly bytes: number
  readonly signal: AbortSignal | undefined
}

/** Returns the error of an append that is no longer sent. */
export type RefuseAppend<Append> = (append: Append) => Error | undefined

interface Waiting<Append, Result> {
  readonly append: Append
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/** Stores appends in one step. The results are in their order; each is a value, or an error to reject with. */
export type StoreAppends<Append, Result> = (name: string, appends: readonly Append[]) => Promise<(Result | Error)[]>

const MAX_APPENDS = 100
const MAX_BYTES = 262_144

export class AppendQueue<Append extends WaitingAppend, Result> {
  readonly #waiting: Map<string, Waiting<Append, Result>[]> = new Map()
  readonly #store: StoreAppends<Append, Result>
  readonly #refuse: RefuseAppend<Append>

  constructor(store: StoreAppends<Append, Result>, refuse: RefuseAppend<Append>) {
    this.#store = store
    this.#refuse = refuse
  }

  add(name: string, append: Append): Promise<Result> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(name)
      const entry = { append, resolve, reject }
      if (waiting !== undefined) waiting.push(entry)
      else {
        this.#waiting.set(name, [entry])
        void this.#run(name)
      }
    })
  }

  async #run(name: string): Promise<void> {
    for (let batch = this.#take(name); batch.length > 0; batch = this.#take(name)) {
      try {
        const appends = batch.map(({ append }) => append)
        const results = await this.#store(name, appends)
        for (const [at, { resolve, reject }] of batch.entries()) {
          const result = results[at]!
          if (result instanceof Error) reject(result)
          else resolve(result)
        }
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    this.#waiting.delete(name)
  }

  /** Takes what is sent next. */
  #take(name: string): Waiting<Append, Result>[] {
    const waiting = this.#waiting.get(name)!
    const batch: Waiting<Append, Result>[] = []
    let bytes = 0
    let taken = 0
    for (const entry of waiting) {
      const { append, reject } = entry
      const refusal = this.#refuse(append)
      if (append.signal?.aborted === true) reject(reasonOf(append.signal))
      else if (refusal !== undefined) reject(refusal)
      else {
        bytes += append.bytes
        const isFull = batch.length === MAX_APPENDS || bytes > MAX_BYTES
        if (batch.length > 0 && (isFull || !append.isPlain || !batch[0]!.append.isPlain)) break
        batch.push(entry)
      }
      taken++
    }
    waiting.splice(0, taken)
    return batch
  }
}
