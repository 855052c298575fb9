/*
 * The events of one written stream, pulled one by one: the events of the source, then exactly once the events of its end.
 * An error of the source is reported once, to `onError` or else by the platform, and never to the client.
 */
import type { ProviderErrorBody } from "../../errors.ts"
import type { SseEventInit } from "../../event.ts"
import { ignore } from "../../internal/cancel.ts"
import { callHook, reportGlobally } from "../../internal/hook.ts"
import type { OpenedSource } from "../../internal/item-source.ts"
import type { EventWriter } from "./dialect-writer.ts"

/** Returns the error that the client may see in place of `error`; by default one without details. */
export type ErrorMapper = (error: unknown) => Partial<ProviderErrorBody> | null | undefined | void

export class EventFeed<T> {
  readonly #source: OpenedSource<T>
  readonly #writer: EventWriter<T>
  readonly #onError: ErrorMapper | undefined
  #events: SseEventInit[] = []
  #over = false

  constructor(source: OpenedSource<T>, writer: EventWriter<T>, onError: ErrorMapper | undefined) {
    this.#source = source
    this.#writer = writer
    this.#onError = onError
  }

  /** Returns the next event, `undefined` at the end. Must not be called while a call is pending. */
  async next(): Promise<SseEventInit | undefined> {
    if (this.#events.length === 0 && !this.#over) await this.#advance()
    return this.#events.shift()
  }

  /** Ends the feed at once and stops the source. */
  stop(reason: unknown): void {
    this.#events = []
    if (this.#over) return
    this.#over = true
    this.#source.stop(reason).catch((error: unknown) => {
      // A source that was aborted for the same reason rejects with it: no failure.
      if (error !== reason && (error as Partial<Error> | null)?.name !== "AbortError") this.#callOnError(error)
    })
  }

  async #advance(): Promise<void> {
    try {
      const result = await this.#source.next()
      if (this.#over) return
      if (result.done === true) this.#finish(this.#writer.end())
      else this.#events.push(this.#writer.write(result.value))
    } catch (error) {
      if (this.#over) return
      this.#source.stop(error).catch(ignore)
      this.#finish(this.#failureOf(error))
    }
  }

  #finish(events: SseEventInit[]): void {
    this.#over = true
    this.#events.push(...events)
  }

  #failureOf(error: unknown): SseEventInit[] {
    const visible = this.#callOnError(error)
    try {
      return this.#writer.fail(visible ?? undefined, error)
    } catch (thrown) {
      // The result of `onError` cannot be written.
      reportGlobally(thrown)
      return this.#writer.fail(undefined, error)
    }
  }

  #callOnError(error: unknown): Partial<ProviderErrorBody> | null | undefined | void {
    if (this.#onError === undefined) {
      if (this.#writer.isCancelled !== true) reportGlobally(error)
      return undefined
    }
    try {
      const visible = this.#onError(error)
      // JavaScript callers may return a promise, whose rejection must not end the process.
      callHook(() => visible, undefined)
      return visible && "then" in visible ? undefined : visible
    } catch (thrown) {
      reportGlobally(thrown)
      return undefined
    }
  }
}
