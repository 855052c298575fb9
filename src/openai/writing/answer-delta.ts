/* Law: what a model gives, in words of no dialect. */
import { type Clock, systemClock } from "../../internal/clock.ts"
import type { FinishReason } from "../dialects/chat-chunk.ts"

/** A piece of an answer: a string is a piece of its text. */
export type AnswerDelta = string | AnswerPiece

/** What answers are built from; a string is an answer in one piece. */
export type AnswerSource = AsyncIterable<AnswerDelta> | Iterable<AnswerDelta> | ReadableStream<AnswerDelta> | string

/** A piece of an answer that is more than text. Members that are missing or empty add nothing. */
export interface AnswerPiece {
  /** Text of the answer. */
  readonly text?: string | undefined
  /** Text of what the model thought before. */
  readonly reasoning?: string | undefined
  /** Text of a refusal to answer. */
  readonly refusal?: string | undefined
  /** A tool call, or a piece of one. */
  readonly toolCall?: ToolCallPiece | undefined
  /** What the request cost; the last one counts. */
  readonly usage?: AnswerUsage | undefined
  /**
   * Why the answer ended; the last one counts.
   * @defaultValue `"tool_calls"` where there were any, else `"stop"`
   */
  readonly finishReason?: FinishReason | undefined
  /**
   * Which choice it belongs to, where several answers are given at once. Chat completions only.
   * @defaultValue `0`
   */
  readonly choice?: number | undefined
}

/**
 * A tool call or a piece of one. A piece with a `name`, or with an `id` that is new, begins a call; one without goes on
 * with the latest, or with the one that its `index` or `id` names.
 */
export interface ToolCallPiece {
  /** Any number that tells calls apart which arrive interleaved. */
  readonly index?: number | undefined
  /**
   * The call's id.
   * @defaultValue a random one
   */
  readonly id?: string | undefined
  /** The function's name, whole, in the first piece. */
  readonly name?: string | undefined
  /** A piece of the arguments' JSON, or the arguments, whole, as an object. */
  readonly arguments?: string | object | undefined
}

/** What a request cost, in tokens. */
export interface AnswerUsage {
  /** Tokens of what was asked. */
  readonly inputTokens: number
  /** Tokens of the answer, reasoning included. */
  readonly outputTokens: number
  /**
   * The sum.
   * @defaultValue `inputTokens` + `outputTokens`
   */
  readonly totalTokens?: number | undefined
  /** How many of `inputTokens` came from a cache. */
  readonly cachedTokens?: number | undefined
  /** How many of `outputTokens` were spent on reasoning. */
  readonly reasoningTokens?: number | undefined
}

/** What every builder of answers can be told. */
export interface AnswerOptions {
  /**
   * The model that answers, as clients are to see it.
   * @defaultValue `"unknown"`
   */
  readonly model?: string | undefined
  /**
   * The answer's id.
   * @defaultValue a random one
   */
  readonly id?: string | undefined
  /**
   * When the answer was begun, in seconds of Unix time.
   * @defaultValue now
   */
  readonly created?: number | undefined
  /** Where the randomness of ids comes from. */
  readonly clock?: Clock | undefined
}

/** `delta` as a piece. */
export function pieceOf(delta: AnswerDelta): AnswerPiece {
  if (typeof delta === "string") return { text: delta }
  if (typeof delta !== "object" || delta === null) {
    throw new TypeError("Cannot build answer: a delta must be a string or an object")
  }
  return delta
}

/** Now, in seconds of Unix time: the one use of the wall clock, which {@link AnswerOptions.created} replaces. */
export function unixTime(): number {
  return Math.floor(Date.now() / 1000)
}

/** Makes ids such as `"call_x7…"`: unique, not secret. */
export class IdMaker {
  readonly #clock: Clock

  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

  /** A new id of 24 letters and digits after `prefix`. */
  next(prefix: string): string {
    let letters = ""
    while (letters.length < 24)
      letters += Math.floor(this.#clock.random() * 36 ** 8)
        .toString(36)
        .padStart(8, "0")
    return prefix + letters
  }
}
