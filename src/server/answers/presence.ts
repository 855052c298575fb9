/*
 * Who reads an answer, on any node: a node with readers says so in a log beside the answer, as long as the answer runs.
 */
import { ignore } from "../../internal/cancel.ts"
import type { Clock } from "../../internal/clock.ts"
import type { Cursor, EventStore, StoreWatch } from "../store/event-store.ts"

/** How often a node reports its readers in the time after which an answer is abandoned. */
const REPORTS = 3

/** The entry that says that there is a reader. */
const SIGN = [{ text: ":\n\n" }]

interface Followed {
  readonly watch: StoreWatch
  seenAt: number
  /** The newest report at the last look; a watch may miss one. */
  last: Cursor | undefined
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
    if (--readers.count > 0) return
    this.#readers.delete(id)
    // The time without a reader begins now, also for the node that produces the answer.
    this.#report(id, { reportedAt: -Infinity })
  }

  /** Begins to look for the readers of an answer that this node produces. */
  follow(id: string): void {
    if (!this.#isOn) return
    this.unfollow(id)
    const watch = this.#store.watch(logOf(id), (news) => {
      followed.seenAt = this.#clock.now()
      followed.last = news?.events.at(-1)?.cursor ?? followed.last
    })
    const followed: Followed = { watch, seenAt: this.#clock.now(), last: undefined }
    watch.ready.catch(ignore)
    this.#followed.set(id, followed)
    this.#newest(id).then((newest) => void (followed.last = newest), ignore)
  }

  unfollow(id: string): void {
    this.#followed.get(id)?.watch.stop()
    this.#followed.delete(id)
  }

  /** Reports the readers of this node, and calls back for the answers that have none anywhere. */
  onRound(onAbandoned: (id: string) => void): void {
    for (const [id, readers] of this.#readers) this.#report(id, readers)
    const now = this.#clock.now()
    for (const [id, followed] of this.#followed) {
      if (this.#readers.has(id)) followed.seenAt = now
      else if (now - followed.seenAt >= this.#abandonAfter) this.#look(id, followed, onAbandoned)
    }
  }

  /** Looks for a report that the watch has missed. */
  #look(id: string, followed: Followed, onAbandoned: (id: string) => void): void {
    const isOver = (): boolean => this.#followed.get(id) !== followed || this.#readers.has(id)
    this.#newest(id).then((newest) => {
      const isNew = followed.last !== newest
      followed.last = newest
      if (isNew) followed.seenAt = this.#clock.now()
      else if (!isOver()) onAbandoned(id)
    }, ignore)
  }

  async #newest(id: string): Promise<Cursor> {
    return (await this.#store.read(logOf(id), "end", { maxEvents: 1 })).next
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
