import type { SseEvent } from "../event.ts"
import { guardHook, reportRejection } from "../internal/hook.ts"
import { retryTime } from "./field.ts"
import { checkNumber, type OptionKinds } from "../internal/option-checks.ts"

/** The limits of a parser, in decoded characters. */
export interface SseParserLimits {
  /**
   * The maximum length of a line, in characters without the line end.
   * @defaultValue 16,777,216
   */
  readonly maxLineLength?: number | undefined
  /**
   * The maximum size of an event, in characters of its data, type and ID together.
   * @defaultValue 16,777,216
   */
  readonly maxEventSize?: number | undefined
}

/** The handlers of a parser other than `onEvent`. They are called synchronously, in the order of the stream. */
export interface SseParserHandlers {
  /** Called with each comment, without its colon and one leading space. */
  readonly onComment?: ((text: string) => void) | undefined
  /** Called with the milliseconds of each valid `retry` field, as soon as its line ends. */
  readonly onRetry?: ((ms: number) => void) | undefined
  /** Called with the new last event ID at the blank line of every block with a valid `id` field, before its event. */
  readonly onId?: ((id: string) => void) | undefined
  /** Called with each line whose field name is unknown. Without this handler such lines are not kept in memory. */
  readonly onUnknownLine?: ((line: string) => void) | undefined
}

/** Options of {@link SseParser}. */
export interface SseParserOptions extends SseParserHandlers, SseParserLimits {
  /** Called with each event. */
  readonly onEvent?: ((event: SseEvent) => void) | undefined
  /**
   * The last event ID at the start of the stream.
   * @defaultValue `""`
   */
  readonly lastEventId?: string | undefined
  /**
   * Whether invalid UTF-8 throws {@link SseMalformedError} instead of being read as U+FFFD.
   * @defaultValue `false`
   */
  readonly fatal?: boolean | undefined
  /**
   * Whether a block with an event type but no data is dispatched, with the data `""`. The specification discards such a
   * block, but some servers send an end mark as `event: complete` alone.
   * @defaultValue `false`
   */
  readonly dispatchEmpty?: boolean | undefined
}

/** The kinds of the options that every reader of events has. */
export const PARSER_KINDS: OptionKinds<Omit<SseParserOptions, "onEvent">> = {
  onComment: "a function",
  onRetry: "a function",
  onId: "a function",
  onUnknownLine: "a function",
  lastEventId: "a string",
  maxLineLength: true,
  maxEventSize: true,
  fatal: "a boolean",
  dispatchEmpty: "a boolean",
}

export type Handlers = Pick<SseParserOptions, "onEvent" | keyof SseParserHandlers>

/**
 * Copies the handlers of `options`, so that later changes of `options` have no effect, and guards their promises.
 * Measured: a guard around `onEvent` takes a tenth of the time of small events, so its caller reports what it rejects with.
 */
export function handlersOf({ onEvent, onComment, onRetry, onId, onUnknownLine }: SseParserOptions): Handlers {
  return {
    onEvent,
    onComment: guardHook(onComment),
    onRetry: guardHook(onRetry),
    onId: guardHook(onId),
    onUnknownLine: guardHook(onUnknownLine),
  }
}

/** Whether the line that begins with `start` is a known field, or a handler needs it. */
export function isNeeded({ onComment, onUnknownLine }: Handlers, start: string): unknown {
  return start.startsWith(":") ? onComment : (onUnknownLine ?? /^(?:data|event|id|retry):/.test(start))
}

/** Calls the handler for an event, and reports what its promise rejects with. */
export function callEventHandler(
  { onEvent }: Handlers,
  event: string,
  data: string,
  id: string | undefined,
  lastEventId: string,
): void {
  if (onEvent !== undefined) reportRejection(onEvent({ event, data, id, lastEventId }))
}

/** Calls the handler for a line that is a `retry` field or of an unknown field. */
export function callFieldHandler({ onRetry, onUnknownLine }: Handlers, line: string): void {
  const ms = retryTime(line)
  if (ms === undefined) onUnknownLine?.(line)
  else if (ms >= 0) onRetry?.(ms)
}

const DEFAULT_LIMIT = 16 * 1024 * 1024

/**
 * The limit called `name`, or its default.
 *
 * @throws RangeError if the limit is not a number from 1.
 */
export function limitOf(options: SseParserLimits, name: keyof SseParserLimits): number {
  return checkNumber(name, options[name] ?? DEFAULT_LIMIT, 1)
}
