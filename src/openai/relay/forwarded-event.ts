/*
 * Forwards each event with its original text, which only the reading parses. An error in a shape that the clients of the
 * dialect do not recognize is written again in the shape that they do.
 */
import { type ProviderErrorBody, SseError, SseProviderError } from "../../errors.ts"
import type { SseEventInit } from "../../event.ts"
import type { ChunkDialect } from "../reading/chunk-dialect.ts"
import type { Fields } from "../reading/fields.ts"
import { providerErrorOf } from "../reading/provider-error.ts"
import { isEndStatus } from "../reading/stream-event.ts"
import type { DialectWriter, EventWriter } from "../writing/dialect-writer.ts"

/** A chunk and its event. */
export interface ForwardedEvent<T> {
  readonly chunk: T
  readonly event: SseEventInit
}

/** A payload and its event. */
interface Payload {
  readonly json: object
  readonly event: SseEventInit
}

/** Reads the chunks of another dialect together with the text of their events. */
export class ForwardedDialect<T, S> implements ChunkDialect<ForwardedEvent<T>, S> {
  readonly name: string
  readonly sentinel: string | undefined
  readonly errorGrace: number | undefined
  /** The event that reported an error, and the events after it. */
  readonly failure: Payload[] = []
  readonly #dialect: ChunkDialect<T, S>
  #failed = false

  constructor(dialect: ChunkDialect<T, S>) {
    this.name = dialect.name
    this.sentinel = dialect.sentinel
    this.errorGrace = dialect.errorGrace
    this.#dialect = dialect
  }

  decode(json: object, name: string, data: string): ForwardedEvent<T> | null {
    const dialect = this.#dialect
    const event = { event: name, data }
    // The reading calls `error` before `decode`.
    if (this.#failed) this.failure.push({ json, event })
    const chunk = dialect.decode === undefined ? (json as T) : dialect.decode(json, name, data)
    return chunk === null ? null : { chunk, event }
  }

  error(json: object, event: string): ProviderErrorBody | null {
    const dialect = this.#dialect
    const error = dialect.error === undefined ? providerErrorOf(json, event) : dialect.error(json, event)
    if (error !== null) this.#failed = true
    return error
  }

  isContent({ chunk }: ForwardedEvent<T>): boolean {
    return this.#dialect.isContent?.(chunk) ?? true
  }

  isPart({ chunk }: ForwardedEvent<T>): boolean {
    return this.#dialect.isPart?.(chunk) ?? true
  }

  isTerminal({ chunk }: ForwardedEvent<T>): boolean {
    return this.#dialect.isTerminal?.(chunk) ?? false
  }

  accumulate(
    limits: Parameters<ChunkDialect<T, S>["accumulate"]>[0],
  ): ReturnType<ChunkDialect<ForwardedEvent<T>, S>["accumulate"]> {
    const accumulator = this.#dialect.accumulate(limits)
    return {
      value: accumulator.value,
      get cursor() {
        return accumulator.cursor
      },
      push: ({ chunk }) => accumulator.push(chunk),
      pushHeartbeat: (json) => accumulator.pushHeartbeat?.(json),
      missing: (sawSentinel) => accumulator.missing(sawSentinel),
    }
  }
}

/** Writes events unchanged, and the events of their end in a dialect. */
export class ForwardingWriter<T extends object> implements EventWriter<ForwardedEvent<T>> {
  readonly #dialect: DialectWriter
  readonly #failure: readonly Payload[]
  readonly #onChunk: (chunk: T) => void
  isCancelled = false

  /** @param failure - Holds the events of an error when that error is thrown. */
  constructor(dialect: DialectWriter, failure: readonly Payload[], onChunk: (chunk: T) => void) {
    this.#dialect = dialect
    this.#failure = failure
    this.#onChunk = onChunk
  }

  write({ chunk, event }: ForwardedEvent<T>): SseEventInit {
    this.#dialect.note(chunk)
    this.#onChunk(chunk)
    return event
  }

  end(): SseEventInit[] {
    return this.isCancelled ? this.#dialect.fail(INCOMPLETE) : this.#dialect.end()
  }

  fail(visible: Partial<ProviderErrorBody> | undefined, error: unknown): SseEventInit[] {
    if (visible !== undefined) return this.#dialect.fail(visible)
    if (error instanceof SseProviderError) return this.#forwardFailure(error.error)
    return this.#dialect.fail(SseError.is(error) ? { ...INCOMPLETE, code: error.code } : INCOMPLETE)
  }

  /** Returns the events of the provider's error. The browser may see them, since they answer its own request. */
  #forwardFailure(error: ProviderErrorBody): SseEventInit[] {
    const [first, ...rest] = this.#failure
    // The provider refused the request in place of a stream, and its message may name an account or a key; or the server of
    // a stored answer reported how that ended.
    if (first === undefined) {
      return this.#dialect.fail({ ...INCOMPLETE, code: isEndStatus(error.code) ? error.code : "provider" })
    }
    for (const { json } of this.#failure) this.#dialect.note(json)
    const events = rest.map(({ event }) => event)
    if (isPlain(first.json)) return [first.event, ...events, ...this.#dialect.failAfterError(error)]
    // A choice that ends in an error is also a chunk, with a part of the answer.
    const before = "choices" in first.json ? [first.event] : []
    return [...before, ...this.#dialect.fail(error), ...events]
  }
}

const INCOMPLETE: Partial<ProviderErrorBody> = {
  message: "The answer could not be completed",
  code: "cancelled",
}

/** Whether clients recognize a payload as an error. */
function isPlain(json: object): boolean {
  const { error, type } = json as Fields
  if (type === "response.failed") return true
  return typeof error === "object" && error !== null && typeof (error as Fields)["message"] === "string"
}
