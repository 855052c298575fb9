/*
 * Law: what has come and was not taken. It is bounded: the loop asks for room before it reads on. An end of the server's
 * comes after what is queued; an end of ours drops it.
 */
import type { SseEvent } from "../event.ts"

/** What one event of the stream leaves for the consumer. */
export interface QueueEntry {
  readonly event: SseEvent
  /** Called instead of giving out the event. */
  readonly run?: (() => void) | undefined
}

interface Slot extends QueueEntry {
  readonly size: number
  /** The last event ID once this is taken; what follows it without an event of its own moves it on. */
  cursor: string
}

interface Waiter {
  resolve(result: IteratorResult<SseEvent, undefined>): void
  reject(reason: unknown): void
}

/** When there is no room for more. Sizes are in characters. */
export interface QueueLimits {
  readonly maxQueuedEvents: number
  readonly maxQueuedSize: number
}

/** Who is told what becomes of the queue. */
export interface QueueWatcher {
  /** A consumer begins to wait, or none waits any more. */
  onWait(waits: boolean): void
  /** It has ended and is empty. */
  onEnd(): void
}

/** How an end came about, where it is a failure. */
export interface Failure {
  readonly reason: unknown
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }

export class EventQueue {
  readonly #maxEvents: number
  readonly #maxSize: number
  readonly #watcher: QueueWatcher
  readonly #waiters: Waiter[] = []
  #slots: Slot[] = []
  #taken = 0
  #size = 0
  #cursor: string
  #ended = false
  #failure: Failure | undefined = undefined
  #onRoom: (() => void) | undefined = undefined

  constructor(limits: QueueLimits, lastEventId: string, watcher: QueueWatcher) {
    this.#maxEvents = limits.maxQueuedEvents
    this.#maxSize = limits.maxQueuedSize
    this.#cursor = lastEventId
    this.#watcher = watcher
  }

  /** The last event ID in force after the last event that was taken. */
  get lastEventId(): string {
    return this.#cursor
  }

  next(): Promise<IteratorResult<SseEvent, undefined>> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
      this.#serve()
      if (this.#waiters.length === 1) this.#watcher.onWait(true)
    })
  }

  push(entry: QueueEntry): void {
    if (this.#ended) return
    const { event } = entry
    const size = event.data.length + event.event.length + (event.id?.length ?? 0)
    this.#slots.push({ ...entry, size, cursor: event.lastEventId })
    this.#size += size
    this.#serveAndTell()
  }

  /** The last event ID moves, with no event of its own. */
  moveCursor(lastEventId: string): void {
    if (this.#ended) return
    const last = this.#slots.at(-1)
    if (last === undefined) this.#cursor = lastEventId
    else last.cursor = lastEventId
  }

  /** Takes back that an event was taken. */
  restoreCursor(lastEventId: string): void {
    this.#cursor = lastEventId
  }

  /** Settles when there is room for more; `undefined` where there is now. */
  room(): Promise<void> | undefined {
    if (this.#hasRoom()) return undefined
    return new Promise((resolve) => {
      this.#onRoom = resolve
    })
  }

  /** Nothing follows what is queued, other than the failure. */
  end(failure?: Failure): void {
    if (this.#ended) return
    this.#ended = true
    this.#failure = failure
    this.#serveAndTell()
    this.#tellEnd()
  }

  /** Drops what is queued; every wait is over. */
  close(failure?: Failure): void {
    this.#ended = true
    this.#slots = []
    this.#taken = 0
    this.#size = 0
    const waiters = this.#waiters.splice(0)
    this.#failure = waiters.length === 0 ? failure : undefined
    for (const waiter of waiters) settleEnd(waiter, failure)
    this.#tellEnd()
  }

  #tellEnd(): void {
    if (this.#ended && this.#slots.length === 0) this.#watcher.onEnd()
  }

  #hasRoom(): boolean {
    return this.#slots.length - this.#taken < this.#maxEvents && this.#size < this.#maxSize
  }

  #serveAndTell(): void {
    const waited = this.#waiters.length > 0
    this.#serve()
    if (waited && this.#waiters.length === 0) this.#watcher.onWait(false)
  }

  /** Gives those who wait what there is, in their order. */
  #serve(): void {
    while (this.#waiters.length > 0) {
      if (this.#taken < this.#slots.length) {
        const slot = this.#take()
        if (slot.run === undefined) this.#waiters.shift()!.resolve({ done: false, value: slot.event })
        else slot.run()
      } else if (this.#ended) {
        const waiter = this.#waiters.shift()!
        settleEnd(waiter, this.#failure)
        this.#failure = undefined
      } else {
        return
      }
    }
  }

  #take(): Slot {
    const slot = this.#slots[this.#taken++]!
    this.#cursor = slot.cursor
    this.#size -= slot.size
    if (this.#taken === this.#slots.length) {
      this.#slots = []
      this.#taken = 0
      this.#tellEnd()
    } else if (this.#taken === 1024) {
      // Why: a queue that never runs empty would otherwise grow for ever.
      this.#slots.splice(0, this.#taken)
      this.#taken = 0
    }
    if (this.#onRoom !== undefined && this.#hasRoom()) {
      const onRoom = this.#onRoom
      this.#onRoom = undefined
      onRoom()
    }
    return slot
  }
}

function settleEnd(waiter: Waiter, failure: Failure | undefined): void {
  if (failure === undefined) waiter.resolve(DONE)
  else waiter.reject(failure.reason)
}
