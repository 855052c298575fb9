/*
 * Passes the events of one provider to one browser, which pulls them. If the browser leaves, the provider's request is
 * aborted; if the provider fails, the browser gets an error event.
 */
import type { SseEventInit } from "../../event.ts"
import { orCancel } from "../../internal/cancel.ts"
import { callHook, firstErrorReporter } from "../../internal/hook.ts"
import { DONE, inTurn, iteratorOf } from "../../internal/iterator.ts"
import { type OptionKinds } from "../../internal/option-checks.ts"
import type { ChatCompletionChunk } from "../dialects/chat-chunk.ts"
import type { ChatSnapshot } from "../dialects/chat-snapshot.ts"
import { DIALECT, type DialectName, dialectOf } from "../dialects/dialect-name.ts"
import { openBody } from "../reading/body.ts"
import type { ChunkDialect } from "../reading/chunk-dialect.ts"
import { openChunks } from "../reading/chunk-reader.ts"
import { READING_KINDS } from "../reading/reading.ts"
import type { ChunkResponse, ChunkSource, ChunkStream, EndInfo, ReadChunksOptions } from "../reading/chunk-stream.ts"
import type { CompletionChunk, CompletionSnapshot } from "../dialects/completions.ts"
import { type ForwardedEvent, ForwardedDialect, ForwardingWriter } from "./forwarded-event.ts"
import type { ResponseSnapshot } from "../dialects/response-snapshot.ts"
import type { ResponseEvent } from "../dialects/responses.ts"
import { bodyResponse, type ChunkResponseInit } from "../writing/chunk-response.ts"
import { dialectWriter } from "../writing/dialect-writer.ts"
import { type ErrorMapper, EventFeed } from "../writing/event-feed.ts"
import { feedStream, type FeedStreamOptions, keepAliveOf } from "../writing/feed-stream.ts"

/** Options of {@link relay}: the options of a chunk reader, and options for writing. */
export interface RelayOptions<T = ChatCompletionChunk>
  extends Omit<ReadChunksOptions, "onProviderError">, Pick<FeedStreamOptions, "keepAlive"> {
  /**
   * The dialect of both the provider and the browser.
   * @defaultValue `"chat"`
   */
  readonly dialect?: DialectName | undefined
  /** Called with each chunk, after it is folded into the snapshot and before it is forwarded. An error that it throws stops nothing. */
  readonly onChunk?: ((chunk: T) => void) | undefined
  /**
   * Called with the error that ended the answer early. It returns the error that the browser may see.
   * @defaultValue the error is reported once, by `reportError` or `console.error`; the browser sees an error that the
   * provider reported inside its stream unchanged, and only the `code` of any other error
   */
  readonly onError?: ErrorMapper | undefined
}

/**
 * A provider's stream on its way to one browser, for one consumer: a `for await` over the forwarded events,
 * {@link Relay.toResponse} or {@link Relay.toReadableStream}. Nothing is requested before the consumer reads.
 */
export interface Relay<S> extends AsyncIterable<SseEventInit> {
  /**
   * Returns the events, for `sendEventStream` of `steadystream/node`. Leaving the loop aborts the provider's request.
   *
   * @throws TypeError if the relay already has a consumer.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<SseEventInit, undefined, undefined>
  /**
   * Returns the events as a response with the headers of {@link chunkResponse}, for servers that return a `Response`.
   *
   * @throws TypeError if the relay already has a consumer.
   * @throws RangeError if `init.status` is not from 200 to 599; the provider's request is then aborted.
   */
  toResponse(init?: ChunkResponseInit): Response
  /**
   * Returns the events as bytes, with a comment after `keepAlive` milliseconds without an event. Cancelling the stream aborts
   * the provider's request.
   *
   * @throws TypeError if the relay already has a consumer.
   */
  toReadableStream(): ReadableStream<Uint8Array<ArrayBuffer>>
  /** The dialect of the events. */
  readonly dialect: DialectName
  /** The answer so far, put together from the chunks: one object, updated in place, also readable after a failure. */
  readonly snapshot: S
  /**
   * The outcome of the provider's stream. Resolves once, and never rejects. An unread relay fails after the
   * shorter one of `timeouts.total` and `timeouts.eventIdle`, counted from the call of `relay()`.
   */
  readonly ended: Promise<EndInfo>
  /** The provider's response; `undefined` until its headers arrive. */
  readonly response: ChunkResponse | undefined
  /** Aborts the provider's request, and ends the browser's stream with an error event. Does nothing after the end. */
  cancel(reason?: unknown): Promise<void>
}

/**
 * Forwards a provider's stream to a browser, and reads it at the same time.
 *
 * Each event is forwarded with its data unchanged and its event type, but never with an `id`. Comments and heartbeats are
 * not forwarded; instead, a comment is written after `keepAlive` milliseconds without an event. The end mark is written only
 * after a complete answer; any other end becomes an error event in the dialect. When the browser leaves, the provider's
 * request is aborted at once. An event is requested only when the browser waits.
 *
 * @param source - A function that requests the response, so that its request can be aborted, or any other source, such as
 * a subscription.
 * @throws TypeError at once if `source` is not a source of chunks, or its body is locked or used.
 * @throws RangeError at once, if a timeout or `keepAlive` is not a number from 0 or a limit is not a number from 1.
 * @see https://platform.openai.com/docs/api-reference/chat-streaming
 * @example
 * ```ts
 * import { chatCompletionChunks, chunkResponse, relay } from "steadystream/openai"
 *
 * const askProvider = async (signal: AbortSignal) => chunkResponse(chatCompletionChunks(["Hel", "lo"]), { signal })
 * const answer = relay(askProvider)
 * void answer.ended.then(({ reason }) => console.log(reason, answer.snapshot.choices[0]?.content)) // done Hello
 * console.log(await answer.toResponse().text())
 * ```
 */
export function relay<Name extends DialectName = "chat", Chunk extends object = RelayChunks[Name], Final = unknown>(
  source: ChunkSource,
  options: RelayOptions<Chunk> & { readonly dialect?: Name | undefined } = {},
): Relay<RelaySnapshots<Final>[Name]> {
  const accept = () => {
    keepAliveOf(options)
    return dialectOf(options.dialect ?? "chat") as ChunkDialect<Chunk, RelaySnapshots<Final>[Name]>
  }
  const dialect = orCancel(accept, () => openBody(source as string))
  return new ProviderRelay(source, dialect, options)
}

/** The chunks of each dialect. */
interface RelayChunks {
  readonly chat: ChatCompletionChunk
  readonly completions: CompletionChunk
  readonly responses: ResponseEvent
}

/** The snapshot that each dialect folds its chunks into. */
interface RelaySnapshots<Final> {
  readonly chat: ChatSnapshot
  readonly completions: CompletionSnapshot
  readonly responses: ResponseSnapshot<Final>
}

class ProviderRelay<T extends object, S> implements Relay<S> {
  readonly dialect: DialectName
  readonly #options: RelayOptions<T>
  readonly #stream: ChunkStream<ForwardedEvent<T>, S>
  readonly #writer: ForwardingWriter<T>
  readonly #name: string
  readonly #reportHandlerError: (error: unknown) => void
  #isConsumed = false

  constructor(source: ChunkSource, dialect: ChunkDialect<T, S>, options: RelayOptions<T>) {
    this.dialect = options.dialect ?? "chat"
    this.#options = options
    this.#reportHandlerError = firstErrorReporter(options.onHandlerError)
    this.#name = dialect.name
    const kinds: OptionKinds<RelayOptions & Pick<ReadChunksOptions, "onProviderError">> = {
      ...READING_KINDS,
      dialect: DIALECT,
      keepAlive: true,
      onChunk: "a function",
      onError: "a function",
    }
    const forwarded = new ForwardedDialect(dialect)
    this.#stream = openChunks(source, forwarded, { ...options, onProviderError: "throw" }, kinds, true)
    this.#writer = new ForwardingWriter<T>(dialectWriter(this.dialect), forwarded.failure, this.#callOnChunk)
  }

  get snapshot(): S {
    return this.#stream.snapshot
  }

  get ended(): Promise<EndInfo> {
    return this.#stream.ended
  }

  get response(): ChunkResponse | undefined {
    return this.#stream.response
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<SseEventInit, undefined, undefined> {
    const feed = this.#consume()
    const next = inTurn(async (): Promise<IteratorResult<SseEventInit, undefined>> => {
      const value = await feed.next()
      return value === undefined ? DONE : { done: false, value }
    })
    return iteratorOf(next, () => feed.stop(undefined))
  }

  toResponse(init: ChunkResponseInit = {}): Response {
    return bodyResponse(
      () => this.toReadableStream(),
      init,
      (reason) => this.#isConsumed || this.cancel(reason),
    )
  }

  toReadableStream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    const { keepAlive, clock } = this.#options
    return feedStream(this.#consume(), { keepAlive, clock })
  }

  cancel(reason?: unknown): Promise<void> {
    return this.#stream.cancel(reason)
  }

  #consume(): EventFeed<ForwardedEvent<T>> {
    if (this.#isConsumed) throw new TypeError(`Cannot relay ${this.#name}: the relay must have only one consumer`)
    this.#isConsumed = true
    const chunks = this.#stream[Symbol.asyncIterator]()
    let isRead = false
    const next = (): Promise<IteratorResult<ForwardedEvent<T>, undefined>> => {
      // Not earlier: nothing that can outlive an unread relay may refer to it.
      if (!isRead) void this.#stream.ended.then(({ reason }) => (this.#writer.isCancelled = reason === "cancelled"))
      isRead = true
      return chunks.next()
    }
    const source = { next, stop: (reason: unknown) => this.#stream.cancel(reason) }
    return new EventFeed(source, this.#writer, this.#options.onError)
  }

  readonly #callOnChunk = (chunk: T): void => {
    const { onChunk } = this.#options
    if (onChunk !== undefined) callHook(onChunk, chunk, this.#reportHandlerError)
  }
}
