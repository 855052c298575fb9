/*
 * Queues the blocks of a session until the client reads them, in order; the promise of a block resolves when it is
 * read. A session ends once: its source closes it or fails (both after the queued blocks), or its client leaves (the
 * queue is discarded).
 */
import type { EventEncoder } from "../contract/index.ts"
import { encodeComment, encodeEvent } from "../encoder/index.ts"
import { SseConnectionError } from "../errors.ts"
import type { SseControlInit, SseEventInit } from "../event.ts"
import { ignore } from "../internal/cancel.ts"
import { type Clock, systemClock } from "../internal/clock.ts"
import { Fifo } from "../internal/fifo.ts"
import { nextTask, STEPS_PER_TASK } from "../internal/next-task.ts"

/** One client's connection to an event stream, for the source of the events. */
export interface Session<Written = SseEventInit> {
  /** `"open"` until the session is closed, its source fails, its client leaves or a `signal` is aborted. */
  readonly state: "open" | "closed"
  /** The cursor from the client's `Last-Event-ID` header, after which to resume; `""` if the client sent none. */
  readonly lastEventId: string
  /**
   * Aborted when the session ends, for any cause, so that the source can stop its own work. From then on
   * {@link Session.send} rejects with the signal's reason.
   */
  readonly signal: AbortSignal
  /** Resolves when the session has ended and every sent block has been read or discarded. Never rejects. */
  readonly closed: Promise<void>
  /**
   * Sends one event.
   *
   * Resolves when the client has read the event, so a source that awaits `send` runs no faster than its client. Events
   * that are sent without awaiting are kept in memory until then. Events keep their order, even if their schemas
   * validate asynchronously.
   *
   * @throws {@link SseConnectionError} (by rejecting) if the session is over, or if it ends before the client has read
   * the event. If an aborted `signal` ended the session, the signal's reason comes instead. The caller may ignore this
   * rejection.
   * @throws TypeError or RangeError (by rejecting) if the event cannot be encoded; no part of it is sent.
   * @throws {@link SseValidationError} (by rejecting) if the event does not match the contract; no part of it is sent.
   */
  send(event: NoInfer<Written | SseControlInit>): Promise<void>
  /** Sends a comment, which readers skip. It settles as {@link Session.send} does. */
  comment(text: string): Promise<void>
  /** Ends the stream cleanly after the sent events; one whose schema takes over 1 s from then is dropped, and its send rejects. */
  close(): void
}

/** How long an ended session waits for schemas that have not answered, in milliseconds. */
const SCHEMA_GRACE = 1_000

interface Waiting {
  /** `undefined` while a schema validates the event; `null` if the event was refused. */
  chunk: Uint8Array<ArrayBuffer> | null | undefined
  onTaken(): void
  onDropped(reason: unknown): void
}

type BodyController = ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>

/** A session and the body of its response. */
export class EventSession implements Session {
  readonly lastEventId: string
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>
  readonly closed: Promise<void>
  readonly #events: EventEncoder<SseEventInit> | undefined
  readonly #onStart: () => void
  readonly #abort: AbortController = new AbortController()
  readonly #encoder: TextEncoder = new TextEncoder()
  #resolveClosed: () => void = ignore
  #controller: BodyController | undefined = undefined
  readonly #queue: Fifo<Waiting> = new Fifo()
  #answerPull: (() => void) | undefined = undefined
  #started = false
  #pulls = 0
  readonly #clock: Clock
  #failure: { readonly error: unknown } | undefined = undefined

  /** @param onStart - Called once, when the body is first read. */
  constructor(
    lastEventId: string,
    events: EventEncoder<SseEventInit> | undefined,
    onStart: () => void,
    clock: Clock = systemClock,
  ) {
    this.#clock = clock
    this.lastEventId = lastEventId
    this.#events = events
    this.#onStart = onStart
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
    this.body = new ReadableStream(
      {
        start: (controller) => void (this.#controller = controller),
        pull: () => this.#pull(),
        cancel: (reason) => this.leave(gone(reason)),
      },
      { highWaterMark: 0 },
    )
  }

  get state(): "open" | "closed" {
    return this.#abort.signal.aborted ? "closed" : "open"
  }

  get signal(): AbortSignal {
    return this.#abort.signal
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
    this.#end(new SseConnectionError("Cannot send event: the session has been closed", { retryable: false }))
  }

  /** Breaks the stream after the sent events; `error` is the cause. */
  fail(error: unknown): void {
    if (this.state === "closed") return
    this.#failure = {
      error: new SseConnectionError("Cannot finish event stream: its source has failed", { cause: error }),
    }
    this.#end(new SseConnectionError("Cannot send event: the source of the session has failed", { cause: error }))
  }

  /** Ends the stream at once and discards the queue, because the client has left or must not read on. */
  leave(reason: unknown): void {
    const dropped = this.#queue.takeAll()
    this.#failure = { error: reason }
    this.#end(reason)
    for (const waiting of dropped) waiting.onDropped(reason)
  }

  /** Queues an encoded block, as text or bytes. */
  write(block: string | Uint8Array<ArrayBuffer>): Promise<void> {
    if (this.state === "closed") return rejectQuietly(this.signal.reason)
    const taken = new Promise<void>((onTaken, onDropped) => {
      const chunk = typeof block === "string" ? this.#encoder.encode(block) : block
      this.#queue.push({ chunk, onTaken, onDropped })
    })
    taken.catch(ignore)
    this.#advance()
    return taken
  }

  /** Queues an event of the contract at once, so that it keeps its place while its schema validates it. */
  #sendChecked(events: EventEncoder<SseEventInit>, event: SseEventInit): Promise<void> {
    if (this.state === "closed") return rejectQuietly(this.signal.reason)
    const checked = events.encodeAsync(event).then(encodeEvent)
    const taken = new Promise<void>((onTaken, onDropped) => {
      const waiting: Waiting = { chunk: undefined, onTaken, onDropped }
      this.#queue.push(waiting)
      checked.then(
        (block) => {
          if (waiting.chunk === null) return
          waiting.chunk = this.#encoder.encode(block)
          this.#advance()
        },
        (error: unknown) => {
          waiting.chunk = null
          onDropped(error)
          this.#advance()
        },
      )
    })
    taken.catch(ignore)
    return taken
  }

  #pull(): Promise<void> {
    return ++this.#pulls % STEPS_PER_TASK === 0 ? nextTask().then(() => this.#take()) : this.#take()
  }

  /** Resolves when a chunk was enqueued or the body has ended. */
  #take(): Promise<void> {
    return new Promise((resolve) => {
      this.#answerPull = resolve
      this.#advance()
      if (this.#started) return
      this.#started = true
      if (this.state === "open") this.#onStart()
    })
  }

  /** Passes the next block, or the end, to a waiting read of the body. */
  #advance(): void {
    while (this.#queue.first?.chunk === null) this.#queue.shift()
    const next = this.#queue.first
    if (next === undefined) {
      if (this.state === "closed") this.#finish()
    } else if (next.chunk && this.#answerPull !== undefined) {
      const answer = this.#answerPull
      this.#answerPull = undefined
      this.#queue.shift()
      this.#controller!.enqueue(next.chunk)
      answer()
      next.onTaken()
    }
  }

  #end(reason: unknown): void {
    if (this.state === "open") this.#abort.abort(reason)
    this.#advance()
    if (this.#queue.size > 0) this.#clock.setTimeout(() => this.#dropUnchecked(reason), SCHEMA_GRACE)
  }

  /** Discards the events whose schemas have not answered in time. */
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

  /** Settles the body and `closed`; a body that is already settled or cancelled stays unchanged. */
  #finish(): void {
    const failure = this.#failure
    try {
      if (failure === undefined) this.#controller!.close()
      else this.#controller!.error(failure.error)
    } catch {
      // `close` and `error` throw if the body is already closed or cancelled.
    }
    this.#answerPull?.()
    this.#answerPull = undefined
    this.#resolveClosed()
  }
}

function gone(cause: unknown): SseConnectionError {
  return new SseConnectionError("Cannot send event: the client has left", { cause, retryable: false })
}

function rejectQuietly(reason: unknown): Promise<never> {
  const rejected = Promise.reject(reason)
  rejected.catch(ignore)
  return rejected
}
