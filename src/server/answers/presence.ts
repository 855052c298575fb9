/*
 * Who reads an answer, on any node: a node with readers says so in a log beside the answer, as long as the answer runs.
 */
import { ignore } from "../../internal/cancel.ts"
import type { Clock } from "../../internal/clock.ts"
import type { EventStore, StoreWatch } from "../store/event-store.ts"

/** How often a node reports its readers in the time after which an answer is abandoned. */
const REPORTS = 3

/** The entry that says that there is a reader. */
const SIGN = [{ text: ":\n\n" }]

interface Followed {
  readonly watch: StoreWatch
  seenAt: number
}

export class Presence {
  readonly #store: EventStore
  readonly #clock: Clock
  readonly #abandonAfter: number
  /** The readers of each answer on this node, and when they were reported. */
  readonly #readers: Map<string, { count: number; reportedAt: number }> = new Map()
  /** The answers that this node produces. */
  readonly #followed: Map<string, Followed> = new Map()

  constructor(store: EventStore, clock: Clock, abandonAfter: number) {
    this.#store = store
    this.#clock = clock
    this.#abandonAfter = abandonAfter
  }

  get #isOn(): boolean {
    return this.#abandonAfter !== Infinity
  }

  enter(id: string): void {
    if (!this.#isOn) return
    const readers = this.#readers.get(id) ?? { count: 0, reportedAt: -Infinity }
    readers.count++
    this.#readers.set(id, readers)
    this.#report(id, readers)
  }

  leave(id: string): void {
    const readers = this.#readers.get(id)
    if (readers === undefined) return
    const followed = this.#followed.get(id)
    if (followed !== undefined) followed.seenAt = this.#clock.now()
    if (--readers.count === 0) this.#readers.delete(id)
  }

  /** Begins to look for the readers of an answer that this node produces. */
  follow(id: string): void {
    if (!this.#isOn) return
    const watch = this.#store.watch(logOf(id), () => void (followed.seenAt = this.#clock.now()))
    const followed: Followed = { watch, seenAt: this.#clock.now() }
    watch.ready.catch(ignore)
    this.#followed.set(id, followed)
  }

  unfollow(id: string): void {
    this.#followed.get(id)?.watch.stop()
    this.#followed.delete(id)
  }

  /** Reports the readers of this node, and returns the answers that have none anywhere. */
  onRound(): string[] {
    for (const [id, readers] of this.#readers) this.#report(id, readers)
    const now = this.#clock.now()
    return [...this.#followed].flatMap(([id, { seenAt }]) => {
      return this.#readers.has(id) || now - seenAt < this.#abandonAfter ? [] : [id]
    })
  }

  #report(id: string, readers: { reportedAt: number }): void {
    const now = this.#clock.now()
    if (this.#followed.has(id) || now - readers.reportedAt < this.#abandonAfter / REPORTS) return
    readers.reportedAt = now
    this.#store.append(logOf(id), SIGN).catch(ignore)
  }
}

function logOf(id: string): string {
  return `readers:${id}`
}
