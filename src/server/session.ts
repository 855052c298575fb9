/*
 * Law: one reader, pulled. What is sent waits here until the reader asks for it, in order; then its promise resolves.
 * The session ends once: closed by its source (what waits is still given out), failed (after what waits), or left by
 * its client (what waits is dropped).
 */
import type { EventEncoder } from "../contract/index.ts"
import { encodeComment, encodeEvent } from "../encoder/index.ts"
import { SseConnectionError } from "../errors.ts"
import type { SseControlInit, SseEventInit } from "../event.ts"
import { ignore } from "../internal/cancel.ts"
import { type Clock, systemClock } from "../internal/clock.ts"
import { Fifo } from "../internal/fifo.ts"
import { nextTask, STEPS_PER_TASK } from "../internal/next-task.ts"

/** One client that reads an event stream, as the source of the events sees it. */
export interface Session<Written = SseEventInit> {
  /** `"open"` until the session is closed, its source fails or its client leaves. */
  readonly state: "open" | "closed"
  /** The client's cursor from its `Last-Event-ID` header, `""` where it sent none: where to go on. */
  readonly lastEventId: string
  /**
   * Aborted when the session is over, for whatever cause: what the source waits for can be given up then. Its reason is
   * what {@link Session.send} rejects with from then on.
   */
  readonly signal: AbortSignal
  /** Resolves when the last of what was sent has been taken or dropped. Never rejects. */
  readonly closed: Promise<void>
  /**
   * Sends one event. Resolves when the reader has taken it, so that a source that waits goes no faster than its client;
   * what is sent without waiting is kept in memory until then.
   *
   * @throws {@link SseConnectionError} (by rejecting) where the session is over or its client leaves before the event is
   * taken; nobody has to handle this rejection. Where an aborted `signal` ended the session, its reason comes instead.
   * @throws TypeError or RangeError (by rejecting) where the event cannot be encoded; nothing of it is sent.
   * @throws {@link SseValidationError} (by rejecting) where it does not fit the contract; nothing of it is sent. Events
   * keep their order while a schema is being asked.
   */
  send(event: NoInfer<Written | SseControlInit>): Promise<void>
  /** Sends a comment, which readers skip; settles as {@link Session.send} does. */
  comment(text: string): Promise<void>
  /** Ends the stream cleanly after what was sent. Closing again does nothing. */
  close(): void
}

/** How long after the end the events whose schemas have not answered are waited for, in milliseconds. */
const SCHEMA_GRACE = 1_000

interface Waiting {
  /** Missing as long as a schema is being asked about the event; `null` where it was refused. */
  chunk: Uint8Array<ArrayBuffer> | null | undefined
  onTaken(): void
  onDropped(reason: unknown): void
}

type BodyController = ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>

/** The session, and the body of its response. */
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
    this.#end(new SseConnectionError("Cannot send event: the session must be open", { retryable: false }))
  }

  /** Ends the stream after what was sent so that its reader sees a broken connection; `error` is the cause. */
  fail(error: unknown): void {
    if (this.state === "closed") return
    this.#failure = {
      error: new SseConnectionError("Cannot finish event stream: its source failed", { cause: error }),
    }
    this.#end(new SseConnectionError("Cannot send event: the source of the session must not fail", { cause: error }))
  }

  /** Ends the stream at once: there is no reader any more, or must be none. */
  leave(reason: unknown): void {
    const dropped = this.#queue.takeAll()
    this.#failure = { error: reason }
    this.#end(reason)
    for (const waiting of dropped) waiting.onDropped(reason)
  }

  /** Sends an encoded block, as text or bytes. */
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

  /** Sends an event of the contract, which has its place from now on. */
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

  /** Gives the reader that waits what comes next, or the end. */
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

  /** Settles the body and `closed`; a body that has been settled or cancelled stays as it is. */
  #finish(): void {
    const failure = this.#failure
    try {
      if (failure === undefined) this.#controller!.close()
      else this.#controller!.error(failure.error)
    } catch {
      // Closing twice, or after the reader's own cancellation, throws.
    }
    this.#answerPull?.()
    this.#answerPull = undefined
    this.#resolveClosed()
  }
}

function gone(cause: unknown): SseConnectionError {
  return new SseConnectionError("Cannot send event: the client has gone", { cause, retryable: false })
}

function rejectQuietly(reason: unknown): Promise<never> {
  const rejected = Promise.reject(reason)
  rejected.catch(ignore)
  return rejected
}
