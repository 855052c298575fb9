import type { EventDecoder } from "../contract/index.ts"
import type { SseEvent } from "../event.ts"
import type { SseParserHandlers, SseParserLimits } from "./options.ts"

/** Options of {@link readEvents}. */
export interface ReadEventsOptions<Event extends SseEvent<string, unknown> = SseEvent>
  extends SseParserHandlers, SseParserLimits {
  /** An abort ends the iteration: a waiting `next` rejects with the signal's reason, and the source is cancelled. */
  readonly signal?: AbortSignal | undefined
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
   * Whether a Response must have a 2xx status and the type `text/event-stream`.
   * @defaultValue `true`
   */
  readonly check?: boolean | undefined
  /** The contract that decodes and validates the events, made by `defineEvents`; without it `data` is text. */
  readonly events?: EventDecoder<Event> | undefined
}
