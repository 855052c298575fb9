import type { SseEvent, SseEventInit } from "../../event.ts"
import type { SseServerSource } from "../../session/index.ts"
import type { EventStreamRequest } from "../event-stream-response.ts"
import type { Cursor } from "../store/event-store.ts"
import type { AnswerConnectOptions, AnswerStats, StartOptions } from "./answer-options.ts"

/** The state of an answer. */
export interface AnswerState {
  /**
   * `"running"`: its producer writes it. `"done"`: it is whole. `"failed"`: its source failed. `"cancelled"`:
   * {@link Answers.cancel} was called, or no reader came for `abandonAfter`. `"lost"`: the process of its producer ended.
   */
  readonly status: "running" | "done" | "failed" | "cancelled" | "lost"
  /** The position before the first event; `""` if the store has lost the answer. */
  readonly first: Cursor
  /** The cursor of the newest event; `""` if the store has lost the answer. */
  readonly last: Cursor
  /** The reason of the cancel, or the code of the error. */
  readonly detail?: string | undefined
}

/** What is already stored of an answer that is taken over. */
export interface StoredAnswer {
  /** The cursor of the newest event. */
  readonly position: Cursor
  /** The events, oldest first. */
  readonly events: readonly SseEvent[]
}

/**
 * The source of an answer: what `eventStreamResponse` takes, or a stream of the text or bytes of an event stream, cut
 * anywhere, such as the response of a provider. IDs, comments and `retry` of the source are dropped.
 *
 * An answer in a dialect of OpenAI is done if its readers take it for whole. The dialect is that of `relay()`, or of the first
 * of the first 16 events that shows one.
 */
export type AnswerSource<Written = SseEventInit> =
  | SseServerSource<Written>
  | AsyncIterable<string | Uint8Array>
  | ReadableStream<string>
  | ReadableStream<Uint8Array>
  | Response

/**
 * Makes the source of an answer. `signal` aborts when the answer is cancelled, is lost, exceeds `limit` or has been taken
 * over.
 */
export type MakeAnswer<Written = SseEventInit> = (
  signal: AbortSignal,
  stored: StoredAnswer,
) => AnswerSource<Written> | PromiseLike<AnswerSource<Written>>

/** One answer. */
export interface Answer {
  /** The ID that it was started with. */
  readonly id: string
  /** Whether this call of `start` began to produce it; otherwise another one did, and this is a reader. */
  readonly isProducer: boolean
  /**
   * Resolves once with the state at the end of the answer, whichever node produces it then; never rejects. While the store
   * cannot be reached, it waits. After {@link Answers.closeAll} the status is `"running"` if the answer runs on another node.
   */
  readonly ended: Promise<AnswerState>
  /** Answers a request with its events, as {@link Answers.respond} does. */
  respond(request: EventStreamRequest, options?: AnswerConnectOptions): Promise<Response>
  /** Cancels it, as {@link Answers.cancel} does. */
  cancel(reason?: string): Promise<boolean>
}

/** Answers that are kept in a store while they are produced, so that they survive a reload, a second tab and a deploy. */
export interface Answers<Written = SseEventInit> {
  /**
   * Starts an answer, unless one with this ID is running or has ended: then the result is a reader of that one. The answer
   * goes on without any reader. Each event is stored before readers get it.
   *
   * @param id - Any text that is not empty and that others cannot guess, unless each request is authorized. Each answer has
   * an ID of its own: do not use one again after its `ttl`.
   * @param make - Called once, only by the call that starts the answer.
   * @throws {@link SseStoreError} (by rejecting) if the store cannot be reached.
   * @throws {@link SseSessionError} (by rejecting) with the code `"session-closed"` after {@link Answers.closeAll}.
   * @throws TypeError (by rejecting) if an argument is not valid.
   */
  start(id: string, make: MakeAnswer<Written>, options?: StartOptions): Promise<Answer>
  /**
   * Answers a request with the events of an answer from its first one, or after the cursor in the `Last-Event-ID` header
   * or in the query parameter `lastEventId`. Authorize the request before, at each call.
   *
   * The status is 404 if there is no answer with this ID, 204 if the client has all of an answer that has ended, and 503
   * above `maxSessions` and after `closeAll`. An answer that was cancelled or lost ends with an error event in its
   * dialect and without `[DONE]`, or with the event `steadystream.end`.
   *
   * @throws {@link SseStoreError} (by rejecting) if the store cannot be reached.
   */
  respond(request: EventStreamRequest, id: string, options?: AnswerConnectOptions): Promise<Response>
  /**
   * Ends a running answer as cancelled, on whatever node it runs; there the signal of `make` aborts with an `AbortError`, at
   * once or, if the message of the store was lost, when the producer renews its lease. What is stored stays readable.
   *
   * @param reason - The `detail` of the end. Readers get it with the event `steadystream.end`; those of a dialect of OpenAI
   * get only the code `"cancelled"`.
   * @returns Whether it was running.
   * @throws {@link SseStoreError} (by rejecting) if the store cannot be reached.
   * @throws TypeError (by rejecting) if an argument is not valid.
   */
  cancel(id: string, reason?: string): Promise<boolean>
  /**
   * Returns how an answer stands, `undefined` if there is none with this ID.
   *
   * @throws {@link SseStoreError} (by rejecting) if the store cannot be reached.
   */
  state(id: string): Promise<AnswerState | undefined>
  /** Returns what was counted so far on this node. */
  stats(): AnswerStats
  /**
   * Refuses new answers and sessions, waits for the answers of this node, and then ends all sessions.
   *
   * @param options - `within` is the time in milliseconds after which an answer that still runs ends as lost, by default
   * 10,000. `retry` is the reconnection time that clients get, as for {@link Channels.closeAll}.
   */
  closeAll(options?: { readonly within?: number | undefined; readonly retry?: number | undefined }): Promise<void>
}
