/*
 * Who reads an answer, on any node: a node with readers says so in a log beside the answer, as long as the answer runs.
 */
import { ignore } from "../../internal/cancel.ts"
import { callHook } from "../../internal/hook.ts"
import type { Clock } from "../../internal/clock.ts"
import type { Cursor, EventStore, StoreWatch } from "../store/event-store.ts"

/** How often a node reports its readers in the time after which an answer is abandoned. */
const REPORTS = 3

/** The entry that says that there is a reader. */
const SIGN = [{ text: ":\n\n" }]

/** The readers of an answer on this node. */
interface Readers {
  count: number
  /** Whether the answer was running when one of them came; others need no report. */
  isReported: boolean
  reportedAt: number
}

interface Followed {
  watch: StoreWatch | undefined
  seenAt: number
  /** The newest report at the last look; a watch may miss one. */
  last: Cursor | undefined
}

export class Presence {
  readonly #store: EventStore
  readonly #clock: Clock
  readonly #abandonAfter: number
  /** The readers of each answer. */
  readonly #readers: Map<string, Readers> = new Map()
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

  enter(id: string, isRunning: boolean): void {
    if (!this.#isOn) return
    const readers = this.#readers.get(id) ?? { count: 0, isReported: false, reportedAt: -Infinity }
    readers.count++
    readers.isReported ||= isRunning
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
    this.#report(id, { ...readers, reportedAt: -Infinity })
  }

  /** Begins to look for the readers of an answer that this node produces. */
  follow(id: string): void {
    if (!this.#isOn) return
    this.unfollow(id)
    const followed: Followed = { watch: undefined, seenAt: this.#clock.now(), last: undefined }
    this.#followed.set(id, followed)
    // A store may report at once.
    followed.watch = this.#store.watch(logOf(id), (news) => {
      followed.seenAt = this.#clock.now()
      followed.last = news?.events.at(-1)?.cursor ?? followed.last
    })
    followed.watch.ready.catch(ignore)
    this.#newest(id).then((newest) => void (followed.last = newest), ignore)
  }

  unfollow(id: string): void {
    const watch = this.#followed.get(id)?.watch
    callHook(() => watch?.stop(), undefined, ignore)
    this.#followed.delete(id)
  }

  /** Reports the readers of this node, and calls back for the answers that have none anywhere. */
  onRound(onAbandoned: (id: string) => void): void {
    for (const [id, readers] of this.#readers) this.#report(id, readers)
    const now = this.#clock.now()
    for (const [id, followed] of this.#followed) {
      if (this.#readers.has(id)) followed.seenAt = now
      else if (this.#isAbandoned(followed)) this.#look(id, followed, onAbandoned)
    }
  }

  /** Looks for a report that the watch has missed. */
  #look(id: string, followed: Followed, onAbandoned: (id: string) => void): void {
    const isOver = (): boolean => this.#followed.get(id) !== followed || this.#readers.has(id)
    this.#newest(id).then((newest) => {
      const isNew = followed.last !== newest
      followed.last = newest
      if (isNew) followed.seenAt = this.#clock.now()
      // Readers may have come and left in the meantime.
      else if (!isOver() && this.#isAbandoned(followed)) onAbandoned(id)
    }, ignore)
  }

  #isAbandoned({ seenAt }: Followed): boolean {
    return this.#clock.now() - seenAt >= this.#abandonAfter
  }

  async #newest(id: string): Promise<Cursor> {
    return (await this.#store.read(logOf(id), "end", { maxEvents: 1 })).next
  }

  #report(id: string, readers: Readers): void {
    const now = this.#clock.now()
    if (!readers.isReported || this.#followed.has(id)) return
    if (now - readers.reportedAt < this.#abandonAfter / REPORTS) return
    readers.reportedAt = now
    callHook(() => this.#store.append(logOf(id), SIGN), undefined, ignore)
  }
}

function logOf(id: string): string {
  return `readers:${id}`
}
