import type { EventDecoder } from "../contract/index.ts"
import type { SseEvent } from "../event.ts"
import type { SseParserOptions } from "./options.ts"

/** Options of {@link readEvents}. */
export interface ReadEventsOptions<Event extends SseEvent<string, unknown> = SseEvent> extends Omit<
  SseParserOptions,
  "onEvent"
> {
  /** An abort ends the iteration: a waiting `next` rejects with the signal's reason, and the source is cancelled. */
  readonly signal?: AbortSignal | undefined
  /**
   * Whether a Response must have a 2xx status and the type `text/event-stream`.
   * @defaultValue `true`
   */
  readonly check?: boolean | undefined
  /** The contract that decodes and validates the events, made by `defineEvents`; without it `data` is text. */
  readonly events?: EventDecoder<Event> | undefined
}
