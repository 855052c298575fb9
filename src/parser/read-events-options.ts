import type { EventDecoder } from "../contract/index.ts"
import type { SseEvent } from "../event.ts"
import type { SseParserHandlers, SseParserLimits } from "./options.ts"

/** Options of {@link readEvents}. */
export interface ReadEventsOptions<Event extends SseEvent<string, unknown> = SseEvent>
  extends SseParserHandlers, SseParserLimits {
  /** Ends the iteration: a waiting `next` rejects with its reason, and the source is cancelled. */
  readonly signal?: AbortSignal | undefined
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
  /**
   * Whether a Response must have a 2xx status and the type `text/event-stream`.
   * @defaultValue `true`
   */
  readonly check?: boolean | undefined
  /** The contract that the events are read through, made by `defineEvents`; without one they come as they are. */
  readonly events?: EventDecoder<Event> | undefined
}
