import { setTimeout as sleep } from "node:timers/promises"
import {
  type AnswerDelta,
  type AnswerUsage,
  type ChatCompletion,
  type ChatCompletionChunk,
  chatCompletionChunks,
  encodeChunks,
  readChatCompletions,
  toChatCompletion,
} from "steadystream/openai"
import type { ChatRequest } from "./chat-request.ts"
import { scriptOf, tokenize } from "./scripts.ts"

/** The course of a streamed answer by model name. Every other model completes its answer. */
const COURSES: ReadonlyMap<string, Course> = new Map([
  ["demo-error", "error"],
  ["demo-cut", "cut"],
  ["demo-connect", "no-response"],
  ["demo-first-content", "no-content-at-all"],
  ["demo-idle", "silence"],
  ["demo-event-idle", "comments"],
  ["demo-content-idle", "empty-chunks"],
  ["demo-total", "endless"],
])

type Course =
  | "whole"
  | "error"
  | "cut"
  | "no-response"
  | "no-content-at-all"
  | "silence"
  | "comments"
  | "empty-chunks"
  | "endless"

/** The delays of an answer, in milliseconds. */
export interface AnswerPace {
  /** Between two pieces. */
  readonly token: number
  /** Between two comments or empty chunks of a model that has stopped. */
  readonly beat: number
}

/** An answer of the demo's model. */
export interface Answer {
  readonly pieces: readonly AnswerDelta[]
  readonly finishReason: "length" | undefined
  readonly usage: AnswerUsage
}

/** An error that interrupts the model. Its message is sent to the client, because it holds no secret. */
class ModelError extends Error {}

/** Returns the model's answer to a request. */
export function answerTo(request: ChatRequest): Answer {
  const all = scriptOf(request.model, request.prompt)
  const pieces = all.slice(0, request.maxTokens)
  const reasoningTokens = pieces.filter((piece) => typeof piece === "object" && piece.reasoning !== undefined).length
  return {
    pieces,
    finishReason: pieces.length < all.length ? "length" : undefined,
    usage: { inputTokens: tokenize(request.input).length, outputTokens: pieces.length, reasoningTokens },
  }
}

/** Whether this model never answers a request for a stream. */
export function isUnreachable({ model }: ChatRequest): boolean {
  return COURSES.get(model) === "no-response"
}

/**
 * Streams the bytes of an answer, as far as the course of its model.
 *
 * @param fingerprint - The name of the system that answers, in each chunk.
 */
export function streamCompletion(
  request: ChatRequest,
  answer: Answer,
  pace: AnswerPace,
  signal: AbortSignal,
  fingerprint?: string,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const course = COURSES.get(request.model) ?? "whole"
  const { model, includeUsage } = request
  const chunks = chatCompletionChunks(speak(answer, course, pace, signal), { model, includeUsage })
  const beats = course === "comments" || course === "no-content-at-all"
  return encodeChunks(signed(endOf(chunks, course, pace, signal), fingerprint), {
    done: course !== "cut",
    keepAlive: beats ? pace.beat : 0,
    onError: (error) =>
      error instanceof ModelError
        ? { message: error.message, type: "server_error", code: "model_overloaded" }
        : undefined,
  })
}

/** Returns the whole answer as one object. */
export async function completion(request: ChatRequest, answer: Answer): Promise<ChatCompletion> {
  const { finishReason, usage, pieces } = answer
  const chunks = chatCompletionChunks([...pieces, { finishReason, usage }], { model: request.model })
  return toChatCompletion(await readChatCompletions(encodeChunks(chunks)).collect())
}

/** Yields the pieces with their delays, up to the middle of the answer if the course interrupts it. */
async function* speak(
  { pieces, finishReason, usage }: Answer,
  course: Course,
  { token }: AnswerPace,
  signal: AbortSignal,
): AsyncGenerator<AnswerDelta> {
  if (course === "no-content-at-all") await aborted(signal)
  if (course === "endless") for (;;) yield* paced(pieces, token, signal)
  yield* paced(course === "whole" ? pieces : pieces.slice(0, Math.ceil(pieces.length / 2)), token, signal)
  if (course === "error") throw new ModelError("The model is overloaded and stopped halfway")
  if (course === "silence" || course === "comments") await aborted(signal)
  yield { finishReason, usage }
}

/** Yields the chunks of an answer, and replaces the end if the course of the model has another one. */
async function* endOf(
  chunks: AsyncIterable<ChatCompletionChunk>,
  course: Course,
  { beat }: AnswerPace,
  signal: AbortSignal,
): AsyncGenerator<ChatCompletionChunk> {
  for await (const chunk of chunks) {
    const ends = typeof chunk.choices?.[0]?.finish_reason === "string"
    if (ends && course === "cut") return
    if (ends && course === "empty-chunks") {
      const empty = { ...chunk, choices: [{ index: 0, delta: {}, finish_reason: null }] }
      for (;;) yield* paced([empty], beat, signal)
    }
    yield chunk
  }
}

/** Yields the chunks with the fingerprint, if there is one. */
async function* signed(
  chunks: AsyncIterable<ChatCompletionChunk>,
  fingerprint: string | undefined,
): AsyncGenerator<ChatCompletionChunk> {
  for await (const chunk of chunks) {
    yield fingerprint === undefined ? chunk : { ...chunk, system_fingerprint: fingerprint }
  }
}

/** Yields `items`, each after a delay. */
async function* paced<T>(items: readonly T[], ms: number, signal: AbortSignal): AsyncGenerator<T> {
  for (const item of items) {
    await sleep(ms, undefined, { signal })
    yield item
  }
}

async function aborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }))
  throw signal.reason
}
