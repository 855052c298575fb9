import { onAbort } from "../internal/abort-listener.ts"
import { callHook, reportGlobally } from "../internal/hook.ts"
import { endsInHalf } from "../internal/half-character.ts"
import { openItems, type OpenedSource } from "../internal/item-source.ts"
import type { EventSession } from "./event-session.ts"
import { isReturnedSource, type SseServerSource, type SseSourceItem } from "./source.ts"

/** What a run needs besides its source. */
export interface SourceRunOptions {
  /** Called once with the error of the source. */
  readonly onError?: ((error: unknown) => void) | undefined
  /** An abort of one of them breaks the stream. */
  readonly signals: readonly AbortSignal[]
  /** Whether an item may also be a piece of the text of an event stream. */
  readonly takesText?: boolean | undefined
}

/** Sends the events of a source to its session, until one of the two ends. */
export class SourceRun {
  readonly #session: EventSession
  readonly #source: OpenedSource<SseSourceItem> | Extract<SseServerSource, (...args: never) => unknown>
  readonly #options: SourceRunOptions
  #isReported = false

  /** Opens the source, which locks a stream. Without a call of `start`, nothing of it is read. */
  constructor(session: EventSession, source: SseServerSource, options: SourceRunOptions) {
    this.#session = session
    this.#options = options
    this.#source = typeof source === "function" ? source : openItems(source)
    if (typeof this.#source !== "function") this.#stopWhenOver(this.#source)
    for (const { aborted, reason } of options.signals) if (aborted) session.leave(reason)
  }

  /** Whether the source has failed. */
  get hasFailed(): boolean {
    return this.#isReported
  }

  async start(): Promise<void> {
    // Not before the first read: a response that is never read can then be collected.
    for (const signal of this.#options.signals) leaveWhenAborted(this.#session, signal)
    if (this.#session.state === "closed") return
    try {
      if (typeof this.#source === "function") await this.#call(this.#source)
      else await this.#send(this.#source)
    } catch (error) {
      this.#fail(error)
    }
  }

  async #call(handler: (session: EventSession) => unknown): Promise<void> {
    const returned = handler(this.#session)
    const result: unknown = isPromise(returned) ? await returned : returned
    if (isReturnedSource(result)) {
      const source = openItems(result)
      this.#stopWhenOver(source)
      await this.#send(source)
    } else if (isPromise(returned)) {
      this.#session.close()
    }
  }

  async #send(source: OpenedSource<SseSourceItem>): Promise<void> {
    const session = this.#session
    const halves = new TextHalves()
    while (session.state === "open") {
      const result = await source.next()
      if (result.done === true) break
      const { value } = result
      if (value instanceof Uint8Array) await session.write(value)
      else if (this.#options.takesText === true && typeof value === "string") await session.write(halves.join(value))
      else await session.send(value)
    }
    if (halves.rest !== "") void session.write(halves.rest)
    session.close()
  }

  #stopWhenOver(source: OpenedSource<SseSourceItem>): void {
    const stop = (reason: unknown): void => void source.stop(reason).catch((error: unknown) => this.#fail(error))
    if (this.#session.state === "closed") stop(this.#session.reason)
    else this.#session.onEnd = stop
  }

  /** Reports an error of the source, unless it is only the reason why the session ended. */
  #fail(error: unknown): void {
    const session = this.#session
    if (session.state === "closed" && (error === session.reason || isStop(error))) return
    if (this.#isReported) return
    this.#isReported = true
    session.fail(error)
    callHook(this.#options.onError ?? reportGlobally, error)
  }
}

/** Keeps a character together whose two halves come in two pieces of text. */
class TextHalves {
  /** Half a character, or nothing. */
  rest = ""

  /** Returns a piece with the half before it, and without the half at its end. */
  join(piece: string): string {
    const text = this.rest + piece
    const hasHalf = endsInHalf(text)
    this.rest = hasHalf ? text.slice(-1) : ""
    return hasHalf ? text.slice(0, -1) : text
  }
}

/** Breaks the stream when `signal` aborts. */
export function leaveWhenAborted(session: EventSession, signal: AbortSignal): void {
  if (session.state === "closed") return
  if (signal.aborted) return session.leave(signal.reason)
  const forget = onAbort(signal, () => session.leave(signal.reason))
  const { onClosed } = session
  session.onClosed = () => {
    forget()
    onClosed()
  }
}

/** Whether a source only says that it was stopped: `AbortError`, or what a destroyed stream of Node throws. */
function isStop(error: unknown): boolean {
  const { name, code } = (error ?? {}) as { readonly name?: unknown; readonly code?: unknown }
  return name === "AbortError" || code === "ERR_STREAM_PREMATURE_CLOSE"
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === "function"
}
