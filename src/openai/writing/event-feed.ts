/*
 * Law: the events of one stream that is written, pulled one by one: those of the source, then how it ended, exactly
 * once. What a source throws never gets further than `onError`.
 */
import type { ProviderErrorBody } from "../../errors.ts"
import type { SseEventInit } from "../../event.ts"
import { ignore } from "../../internal/cancel.ts"
import { callHook, reportGlobally } from "../../internal/hook.ts"
import type { OpenedSource } from "../../internal/item-source.ts"
import type { EventWriter } from "./dialect-writer.ts"

/** Says what the client may know of an error; nothing where it gives nothing. */
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

  /** The next event, `undefined` at the end. Not to be called while it waits. */
  async next(): Promise<SseEventInit | undefined> {
    if (this.#events.length === 0 && !this.#over) await this.#advance()
    return this.#events.shift()
  }

  /** Ends the feed at once and stops the source. */
  stop(reason: unknown): void {
    this.#events = []
    if (this.#over) return
    this.#over = true
    this.#source.stop(reason).catch((error: unknown) => void this.#ask(error))
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
    const told = this.#ask(error)
    try {
      return this.#writer.fail(told ?? undefined, error)
    } catch (thrown) {
      // What it may know cannot be written, so it knows nothing.
      reportGlobally(thrown)
      return this.#writer.fail(undefined, error)
    }
  }

  #ask(error: unknown): Partial<ProviderErrorBody> | null | undefined | void {
    try {
      const told = this.#onError?.(error)
      // A promise tells nothing, and what it rejects with must not end the process.
      callHook(() => told, undefined)
      return told
    } catch (thrown) {
      reportGlobally(thrown)
      return undefined
    }
  }
}
