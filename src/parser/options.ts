import type { SseEvent } from "../event.ts"
import { checkNumber } from "../internal/option-checks.ts"

/** The limits of a parser, in decoded characters. */
export interface SseParserLimits {
  /**
   * The longest line, in characters without its end, that is taken.
   * @defaultValue 16,777,216
   */
  readonly maxLineLength?: number | undefined
  /**
   * The largest event, in characters of its data, type and id together, that is taken.
   * @defaultValue 16,777,216
   */
  readonly maxEventSize?: number | undefined
}

/** The handlers of a parser other than `onEvent`. They are called synchronously, in the order of the stream. */
export interface SseParserHandlers {
  /** Called with each comment, without its colon and one leading space. */
  readonly onComment?: ((text: string) => void) | undefined
  /** Called with each valid `retry` field, in milliseconds, as soon as its line ends. */
  readonly onRetry?: ((ms: number) => void) | undefined
  /** Called with the new last event ID at the blank line of every block with a valid `id` field, before its event. */
  readonly onId?: ((id: string) => void) | undefined
  /** Called with each line whose field name is unknown; such lines are kept in memory only while this is set. */
  readonly onUnknownLine?: ((line: string) => void) | undefined
}

/** Options of {@link SseParser}. */
export interface SseParserOptions extends SseParserHandlers, SseParserLimits {
  /** Called with each event. */
  readonly onEvent?: ((event: SseEvent) => void) | undefined
  /**
   * The last event ID in force at the start.
   * @defaultValue `""`
   */
  readonly lastEventId?: string | undefined
  /**
   * Throw {@link SseMalformedError} at invalid UTF-8 instead of reading it as U+FFFD.
   * @defaultValue `false`
   */
  readonly fatal?: boolean | undefined
}

export type Handlers = Pick<SseParserOptions, "onEvent" | keyof SseParserHandlers>

/** The handlers among `options`, as they are now. */
export function handlersOf({ onEvent, onComment, onRetry, onId, onUnknownLine }: SseParserOptions): Handlers {
  return { onEvent, onComment, onRetry, onId, onUnknownLine }
}

const DEFAULT_LIMIT = 16 * 1024 * 1024

/** The limit called `name`, or its default; a RangeError if it is not a number from 1. */
export function limitOf(options: SseParserLimits, name: keyof SseParserLimits): number {
  return checkNumber(name, options[name] ?? DEFAULT_LIMIT, 1)
}
