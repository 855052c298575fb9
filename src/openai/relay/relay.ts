/* Law: one provider, one browser, pulled by it. Whoever ends first, the other one knows: the provider is let go, or the
 * browser is told. */
import type { SseEventInit } from "../../event.ts"
import { callHook, firstErrorReporter } from "../../internal/hook.ts"
import { DONE, inTurn, iteratorOf } from "../../internal/iterator.ts"
import type { ChatCompletionChunk } from "../dialects/chat-chunk.ts"
import type { ChatSnapshot } from "../dialects/chat-snapshot.ts"
import { type DialectName, dialectOf } from "../dialects/dialect-name.ts"
import type { ChunkDialect } from "../reading/chunk-dialect.ts"
import { openChunks } from "../reading/chunk-reader.ts"
import type { ChunkResponse, ChunkSource, ChunkStream, EndInfo, ReadChunksOptions } from "../reading/chunk-stream.ts"
import type { CompletionChunk, CompletionSnapshot } from "../dialects/completions.ts"
import { type ForwardedEvent, ForwardedDialect, ForwardingWriter } from "./forwarded-event.ts"
import type { ResponseSnapshot } from "../dialects/response-snapshot.ts"
import type { ResponseEvent } from "../dialects/responses.ts"
import { bodyResponse, type ChunkResponseInit } from "../writing/chunk-response.ts"
import { dialectWriter } from "../writing/dialect-writer.ts"
import { type ErrorMapper, EventFeed } from "../writing/event-feed.ts"
import { feedStream, type FeedStreamOptions, keepAliveOf } from "../writing/feed-stream.ts"

/** Options of {@link relay}: those of the reading, and those of the writing. */
export interface RelayOptions<T = ChatCompletionChunk>
  extends Omit<ReadChunksOptions, "onProviderError">, Pick<FeedStreamOptions, "keepAlive"> {
  /**
   * The dialect, of the provider and of the browser.
   * @defaultValue `"chat"`
   */
  readonly dialect?: DialectName | undefined
  /** Called with each chunk, after it has been added to the snapshot and before it is forwarded. */
  readonly onChunk?: ((chunk: T) => void) | undefined
  /**
   * Called with what ended the answer early. What it gives is what the browser may know; by default that is the error
   * that the provider reported inside its stream, as it did, and of any other failure no more than its code.
   */
  readonly onError?: ErrorMapper | undefined
}

/**
 * A provider's stream on its way to one browser: its events as they are forwarded, for one consumer: a `for await`,
 * {@link Relay.toResponse} or {@link Relay.toReadableStream}. Nothing is asked of the provider before the consumer reads.
 */
export interface Relay<S> extends AsyncIterable<SseEventInit> {
  /**
   * The events, for `sendEventStream` of `steadystream/node`. Leaving the loop aborts the provider's request.
   *
   * @throws TypeError where the relay has a consumer already.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<SseEventInit, undefined, undefined>
  /** The events as a response, with the headers of {@link chunkResponse}, for fetch-style servers. */
  toResponse(init?: ChunkResponseInit): Response
  /** The events as bytes, with a comment in silence; cancelling them aborts the provider's request. */
  toReadableStream(): ReadableStream<Uint8Array<ArrayBuffer>>
  /** What the chunks add up to so far: one object, updated in place, also readable after a failure. */
  readonly snapshot: S
  /** How the provider's stream ended. Settles once, and never rejects. */
  readonly ended: Promise<EndInfo>
  /** The provider's response, as soon as it is known. */
  readonly response: ChunkResponse | undefined
  /** Aborts the provider's request; the browser gets an error event. Does nothing after the end. */
  cancel(reason?: unknown): Promise<void>
}

/**
 * Passes a provider's stream on to a browser, and reads it on the way.
 *
 * The data of each event goes out byte for byte, under its event type and never with an `id`; comments and heartbeats
 * stay behind, and a comment of our own goes out in silence. The end mark goes out only after a whole answer; whatever
 * else ends it becomes an error event in the dialect. When the browser leaves, the provider's request is aborted at once.
 * Goes no faster than the browser takes.
 *
 * @param source - The provider's response, or, so that its request can be aborted, a function that asks for it.
 * @throws TypeError at once, where the source is none or its body is locked.
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
export function relay<Event extends object = ResponseEvent, Final = unknown>(
  source: ChunkSource,
  options: RelayOptions<Event> & { readonly dialect: "responses" },
): Relay<ResponseSnapshot<Final>>
/** Passes a provider's stream of text completions on to a browser. */
export function relay<Chunk extends object = CompletionChunk>(
  source: ChunkSource,
  options: RelayOptions<Chunk> & { readonly dialect: "completions" },
): Relay<CompletionSnapshot>
/** Passes a provider's stream of a chat completion on to a browser. */
export function relay<Chunk extends object = ChatCompletionChunk>(
  source: ChunkSource,
  options?: RelayOptions<Chunk> & { readonly dialect?: "chat" | undefined },
): Relay<ChatSnapshot>
export function relay(source: ChunkSource, options: RelayOptions<object> = {}): Relay<unknown> {
  return new ProviderRelay(source, dialectOf(options.dialect ?? "chat"), options)
}

class ProviderRelay<T extends object, S> implements Relay<S> {
  readonly #options: RelayOptions<T>
  readonly #stream: ChunkStream<ForwardedEvent<T>, S>
  readonly #writer: ForwardingWriter<T>
  readonly #name: string
  readonly #reportHandlerError: (error: unknown) => void
  #isConsumed = false

  constructor(source: ChunkSource, dialect: ChunkDialect<T, S>, options: RelayOptions<T>) {
    keepAliveOf(options)
    this.#options = options
    this.#reportHandlerError = firstErrorReporter(options.onHandlerError)
    this.#name = dialect.name
    const forwarded = new ForwardedDialect(dialect)
    this.#stream = openChunks(source, forwarded, { ...options, onProviderError: "throw" })
    this.#writer = new ForwardingWriter<T>(
      dialectWriter(options.dialect ?? "chat"),
      forwarded.failure,
      this.#callOnChunk,
    )
    void this.#stream.ended.then(({ reason }) => (this.#writer.isCancelled = reason === "cancelled"))
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
    return bodyResponse(() => this.toReadableStream(), init)
  }

  toReadableStream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    const { keepAlive, clock } = this.#options
    return feedStream(this.#consume(), { keepAlive, clock })
  }

  cancel(reason?: unknown): Promise<void> {
    return this.#stream.cancel(reason)
  }

  #consume(): EventFeed<ForwardedEvent<T>> {
    if (this.#isConsumed) throw new TypeError(`Cannot relay ${this.#name}: the relay must have one consumer`)
    this.#isConsumed = true
    const chunks = this.#stream[Symbol.asyncIterator]()
    const source = { next: () => chunks.next(), stop: (reason: unknown) => this.#stream.cancel(reason) }
    return new EventFeed(source, this.#writer, this.#options.onError)
  }

  readonly #callOnChunk = (chunk: T): void => {
    const { onChunk } = this.#options
    if (onChunk !== undefined) callHook(onChunk, chunk, this.#reportHandlerError)
  }
}
