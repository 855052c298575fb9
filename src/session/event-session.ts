/*
 * The queue between a source and one client. Blocks go to the outlet in order, as far as it takes them; the promise of a
 * block resolves when the outlet has it. A session ends once: its source closes it or fails (both after the queued
 * blocks), or its client leaves or is too slow (the queue is dropped).
 */
import { encodeText } from "../internal/encode-text.ts"
import type { EventEncoder } from "../contract/index.ts"
import { encodeComment, encodeEvent } from "../encoder/index.ts"
import { SseConnectionError } from "../errors.ts"
import type { SseEventInit } from "../event.ts"
import { ignore } from "../internal/cancel.ts"
import type { Clock } from "../internal/clock.ts"
import { Fifo } from "../internal/fifo.ts"
import { nextTask, STEPS_PER_TASK } from "../internal/next-task.ts"
import type { Connected, Outlet } from "./outlet.ts"
import type { Session } from "./session.ts"
import { MAX_BYTES, MAX_EVENTS, slowError } from "./session-error.ts"

/** How long an ended session waits for schemas that have not answered, in milliseconds. */
const SCHEMA_GRACE = 1_000

interface Waiting {
  /** `undefined` while a schema validates the event; `null` if the event was refused. */
  chunk: Uint8Array<ArrayBuffer> | null | undefined
  onTaken(): void
  onDropped(reason: unknown): void
}

const taken = Promise.resolve()

/** What follows a session. */
export interface SessionObserver {
  /** The outlet took a block. */
  onWrite(block: Uint8Array): void
  /** Nothing is queued, and the outlet takes a block. */
  onWait(): void
  /** The session has ended, and its queue is empty. */
  end(): void
}

/** A session without its source, which `onEnd` stops, and without its connection, the outlet. */
export class EventSession implements Session, Connected {
  readonly lastEventId: string
  /** Called once, when the session ends. */
  onEnd: (reason: unknown) => void = ignore
  /** Called once, when the session has ended and its queue is empty. */
  onClosed: () => void = ignore
  /** Sees what is written, and when the client waits. */
  observer: SessionObserver | undefined = undefined
  readonly #events: EventEncoder<SseEventInit> | undefined
  readonly #clock: Clock
  readonly #queue: Fifo<Waiting> = new Fifo()
  #queuedBytes = 0
  #outlet: Outlet | undefined = undefined
  #isReady = false
  #steps = 0
  #end: { readonly reason: unknown } | undefined = undefined
  #failure: { readonly error: unknown; readonly isAtOnce: boolean } | undefined = undefined
  #isClosed = false
  /** The timer of the schemas that have not answered at the end. */
  #grace: unknown = undefined
  #abort: AbortController | undefined = undefined
  #closed: PromiseWithResolve | undefined = undefined

  constructor(lastEventId: string, events: EventEncoder<SseEventInit> | undefined, clock: Clock) {
    this.lastEventId = lastEventId
    this.#events = events
    this.#clock = clock
  }

  get state(): "open" | "closed" {
    return this.#end === undefined ? "open" : "closed"
  }

  // Made when it is asked for: most sources need neither of the two.
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController()
      if (this.#end !== undefined) this.#abort.abort(this.#end.reason)
    }
    return this.#abort.signal
  }

  get closed(): Promise<void> {
    this.#closed ??= withResolve()
    if (this.#isClosed) this.#closed.resolve()
    return this.#closed.promise
  }

  /** Why the session has ended. */
  get reason(): unknown {
    return this.#end?.reason
  }

  /** Whether the outlet would take a block now. */
  get isIdle(): boolean {
    return this.#isReady && this.#end === undefined && this.#queue.size === 0
  }

  /** The bytes that wait for the client. */
  get backlog(): number {
    return this.#queuedBytes + (this.#outlet?.backlog ?? 0)
  }

  attach(outlet: Outlet): void {
    this.#outlet = outlet
  }

  /** The outlet takes the next block. */
  onReady(): void {
    this.#isReady = true
    this.#goOn()
  }

  send(event: SseEventInit): Promise<void> {
    if (this.#events !== undefined) return this.#sendChecked(this.#events, event)
    try {
      return this.write(encodeEvent(event))
    } catch (error) {
      return rejectQuietly(error)
    }
  }

  comment(text: string): Promise<void> {
    try {
      return this.write(encodeComment(text))
    } catch (error) {
      return rejectQuietly(error)
    }
  }

  close(): void {
    this.#stop(new SseConnectionError("Cannot send event: the session has been closed", { retryable: false }))
  }

  /** Breaks the stream after the sent events; `error` is the cause. */
  fail(error: unknown): void {
    if (this.#end !== undefined) return
    this.#failure = {
      error: new SseConnectionError("Cannot finish event stream: its source has failed", { cause: error }),
      isAtOnce: false,
    }
    this.#stop(new SseConnectionError("Cannot send event: the source of the session has failed", { cause: error }))
  }

  /** Ends the stream at once and drops the queue, because the client has left or must not read on. */
  leave(reason: unknown): void {
    const dropped = this.#queue.takeAll()
    this.#failure = { error: reason, isAtOnce: true }
    this.#stop(reason)
    for (const waiting of dropped) waiting.onDropped(reason)
  }

  /** Passes a block to the outlet; only while {@link EventSession.isIdle}. */
  pass(block: Uint8Array<ArrayBuffer>): void {
    this.#pass(block)
  }

  /** Queues an encoded block, as text or bytes. */
  write(block: string | Uint8Array<ArrayBuffer>): Promise<void> {
    if (this.#end !== undefined) return rejectQuietly(this.#end.reason)
    const chunk = typeof block === "string" ? encodeText(block) : block
    if (this.#isReady && this.#queue.size === 0) {
      return this.#pass(chunk) ? taken : nextTask()
    }
    return this.#enqueue(chunk)[0]
  }

  /** Queues an event of the contract at once, so that it keeps its place while its schema validates it. */
  #sendChecked(events: EventEncoder<SseEventInit>, event: SseEventInit): Promise<void> {
    if (this.#end !== undefined) return rejectQuietly(this.#end.reason)
    const checked = events.encodeAsync(event).then(encodeEvent)
    const [sent, waiting] = this.#enqueue(undefined)
    checked.then(
      (block) => {
        if (waiting.chunk === null) return
        waiting.chunk = encodeText(block)
        this.#queuedBytes += waiting.chunk.length
        this.#goOn()
      },
      (error: unknown) => {
        waiting.chunk = null
        waiting.onDropped(error)
        this.#goOn()
      },
    )
    return sent
  }

  #enqueue(chunk: Uint8Array<ArrayBuffer> | undefined): readonly [sent: Promise<void>, waiting: Waiting] {
    const waiting: Waiting = { chunk, onTaken: ignore, onDropped: ignore }
    const sent = new Promise<void>((onTaken, onDropped) => Object.assign(waiting, { onTaken, onDropped }))
    sent.catch(ignore)
    const isFull = this.#queue.size >= MAX_EVENTS || this.#queuedBytes >= MAX_BYTES
    this.#queue.push(waiting)
    this.#queuedBytes += chunk?.length ?? 0
    if (isFull) this.leave(slowError(`${MAX_EVENTS} events or ${MAX_BYTES} bytes wait for the client already`))
    return [sent, waiting]
  }

  /** Passes blocks on, and reports if the outlet takes more. */
  #goOn(): void {
    this.#advance()
    if (this.isIdle) this.observer?.onWait()
  }

  /** Passes blocks on while the outlet takes them, and then the end. */
  #advance(): void {
    const queue = this.#queue
    for (;;) {
      while (queue.first?.chunk === null) queue.shift()
      const chunk = queue.first?.chunk
      if (!chunk || !this.#isReady) break
      const waiting = queue.shift()!
      this.#queuedBytes -= chunk.length
      if (this.#pass(chunk)) waiting.onTaken()
      else void nextTask().then(() => waiting.onTaken())
    }
    if (queue.size === 0 && this.#end !== undefined) this.#finish()
  }

  /** Returns whether the source may go on in this task: one that is never held up must not hold up all others. */
  #pass(chunk: Uint8Array<ArrayBuffer>): boolean {
    this.#isReady = false
    this.#isReady = this.#outlet!.write(chunk)
    this.observer?.onWrite(chunk)
    return ++this.#steps % STEPS_PER_TASK > 0
  }

  #stop(reason: unknown): void {
    if (this.#end === undefined) {
      this.#end = { reason }
      this.#abort?.abort(reason)
      this.onEnd(reason)
    }
    this.#advance()
    if (this.#isClosed || this.#events === undefined || this.#grace !== undefined) return
    this.#grace = this.#clock.setTimeout(() => this.#dropUnchecked(reason), SCHEMA_GRACE)
  }

  /** Drops the events whose schemas have not answered in time. */
  #dropUnchecked(reason: unknown): void {
    for (const waiting of this.#queue.takeAll()) {
      if (waiting.chunk !== undefined) this.#queue.push(waiting)
      else {
        waiting.chunk = null
        waiting.onDropped(reason)
      }
    }
    this.#advance()
  }

  #finish(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#grace !== undefined) this.#clock.clearTimeout(this.#grace)
    const failure = this.#failure
    if (failure === undefined) this.#outlet!.end()
    else this.#outlet!.fail(failure.error, failure.isAtOnce)
    this.observer?.end()
    this.onClosed()
    this.#closed?.resolve()
  }
}

interface PromiseWithResolve {
  readonly promise: Promise<void>
  readonly resolve: () => void
}

function withResolve(): PromiseWithResolve {
  let resolve: () => void = ignore
  const promise = new Promise<void>((settle) => (resolve = settle))
  return { promise, resolve }
}

function rejectQuietly(reason: unknown): Promise<never> {
  const rejected = Promise.reject(reason)
  rejected.catch(ignore)
  return rejected
}
