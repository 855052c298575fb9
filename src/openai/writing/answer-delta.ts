/* The answer of a model, piece by piece, independent of the dialect in which it is written. */
import { CLOCK, type OptionKinds } from "../../internal/option-checks.ts"
import { type Clock, systemClock } from "../../internal/clock.ts"
import type { FinishReason } from "../dialects/chat-chunk.ts"

/** A piece of an answer; a string is a piece of its text. */
export type AnswerDelta = string | AnswerPiece

/** The sources of an answer: an (async) iterable or a stream of pieces, or a string as one piece. */
export type AnswerSource = AsyncIterable<AnswerDelta> | Iterable<AnswerDelta> | ReadableStream<AnswerDelta> | string

/**
 * A piece of an answer that may be more than text. Members that are missing or empty add nothing.
 *
 * A text may end inside a character: the first half of a surrogate pair is written together with its other half. A half
 * that stays alone is written as a JSON escape.
 */
export interface AnswerPiece {
  /** A piece of the text. */
  readonly text?: string | undefined
  /** A piece of the reasoning. */
  readonly reasoning?: string | undefined
  /** A piece of a refusal. */
  readonly refusal?: string | undefined
  /** A tool call, or a piece of one. */
  readonly toolCall?: ToolCallPiece | undefined
  /** The cost of the request; the last one is written. */
  readonly usage?: AnswerUsage | undefined
  /**
   * The reason why the answer ended; the last one is written.
   * @defaultValue `"tool_calls"` if the answer has any, else `"stop"`
   */
  readonly finishReason?: FinishReason | undefined
  /**
   * The number of the choice, from 0, if an answer has several. Chat completions only.
   * @defaultValue `0`
   */
  readonly choice?: number | undefined
}

/**
 * A tool call, or a piece of one. A piece with a new `index` or `id`, or with a `name` and neither of them, begins a call.
 * So does a known `index` with another `id` or `name`, or with the same `name` after arguments that are complete JSON.
 * Any other piece continues the call with its `index` or `id`, without both the latest call.
 */
export interface ToolCallPiece {
  /** A number that identifies the call, for calls whose pieces arrive interleaved. */
  readonly index?: number | undefined
  /**
   * The ID of the call.
   * @defaultValue a random ID
   */
  readonly id?: string | undefined
  /** The full name of the function; required on the first piece of a call. */
  readonly name?: string | undefined
  /** A piece of the JSON text of the arguments, or all arguments as an object. */
  readonly arguments?: string | object | undefined
}

/** The cost of a request, in tokens. */
export interface AnswerUsage {
  /** The tokens of the request. */
  readonly inputTokens: number
  /** The tokens of the answer, including reasoning. */
  readonly outputTokens: number
  /**
   * The sum of both.
   * @defaultValue `inputTokens` + `outputTokens`
   */
  readonly totalTokens?: number | undefined
  /** The part of `inputTokens` that was read from a cache. */
  readonly cachedTokens?: number | undefined
  /** The part of `outputTokens` that was spent on reasoning. */
  readonly reasoningTokens?: number | undefined
}

/** Options of every function that builds an answer. */
export interface AnswerOptions {
  /**
   * The name of the model that clients see.
   * @defaultValue `"unknown"`
   */
  readonly model?: string | undefined
  /**
   * The ID of the answer.
   * @defaultValue a random ID
   */
  readonly id?: string | undefined
  /**
   * The time at which the answer began, in seconds since 1970.
   * @defaultValue the time of the call
   */
  readonly created?: number | undefined
  /**
   * The source of randomness for IDs.
   * @defaultValue `Math.random`
   */
  readonly clock?: Clock | undefined
}

export const ANSWER_KINDS: OptionKinds<AnswerOptions> = {
  model: "a string",
  id: "a string",
  created: "a number",
  clock: CLOCK,
}

/** Returns the time in seconds since 1970. The only use of the wall clock; {@link AnswerOptions.created} replaces it. */
export function unixTime(): number {
  return Math.floor(Date.now() / 1000)
}

/** Creates IDs such as `"call_x7…"`. They are unique, but not secret. */
export class IdMaker {
  readonly #clock: Clock

  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

  /** Returns a new ID: `prefix` and 24 letters and digits. */
  next(prefix: string): string {
    let letters = ""
    while (letters.length < 24)
      letters += Math.floor(this.#clock.random() * 36 ** 8)
        .toString(36)
        .padStart(8, "0")
    return prefix + letters
  }
}
