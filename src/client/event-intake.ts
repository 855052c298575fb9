/* Law: what becomes of each event that arrives: end mark, gap, duplicate or delivery; and the cursor to resume from. */
import { SseError } from "../errors.ts"
import type { SseEvent } from "../event.ts"
import { type SseChunk, SseParser } from "../parser/index.ts"
import type { Failure, QueueEntry } from "./event-queue.ts"
import { callHook, type GapInfo } from "./hooks.ts"
import { SeenIds } from "./seen-ids.ts"
import type { Settings } from "./settings.ts"
import { Misuse } from "./transport.ts"

/** Where events go. */
export interface EventSink {
  push(entry: QueueEntry): void
  /** The last event ID moves, with no event of its own. */
  moveCursor(lastEventId: string): void
  /** Settles when more may be pushed; `undefined` where that is now. */
  room(): Promise<void> | undefined
  /** Nothing follows, other than the failure. */
  end(failure?: Failure): void
}

const GAP_EVENT = "ssekit.gap"

export class EventIntake {
  readonly #settings: Settings
  readonly #sink: EventSink
  readonly #onEvent: () => void
  readonly #seen: SeenIds = new SeenIds()
  #parser: SseParser | undefined = undefined
  /** The last event ID that the sink knows of. */
  #toldCursor: string

  /** The last event ID of what has come: what the next attempt resumes from. */
  cursor: string
  /** The last `retry` field, in milliseconds. */
  serverDelay: number | undefined = undefined
  /** Whether the end mark has come. */
  isComplete = false
  /** Whether this attempt has brought an event with an ID of its own that had not come before. */
  sawNewId = false

  /** @param onEvent - Called with each event that arrives, whatever becomes of it. */
  constructor(settings: Settings, sink: EventSink, onEvent: () => void) {
    this.#settings = settings
    this.#sink = sink
    this.#onEvent = onEvent
    this.cursor = settings.lastEventId
    this.#toldCursor = settings.lastEventId
    if (this.cursor !== "") this.#seen.add(this.cursor)
  }

  /** Begins the stream of a new attempt. */
  begin(): void {
    const { hooks, parserLimits, report } = this.#settings
    const { onComment } = hooks
    this.sawNewId = false
    this.#parser = new SseParser({
      ...parserLimits,
      lastEventId: this.cursor,
      onEvent: (event) => this.#accept(event),
      onId: (id) => (this.cursor = id),
      onRetry: (ms) => (this.serverDelay = ms),
      onComment: onComment === undefined ? undefined : (text) => callHook(onComment, text, report),
    })
  }

  /** @throws SseLimitError; {@link Misuse} for what the caller's own functions throw. */
  feed(chunk: SseChunk): void {
    try {
      this.#parser?.feed(chunk)
    } catch (error) {
      if (SseError.is(error)) throw error
      // The event that it was called with has not come as far as the sink.
      this.cursor = this.#toldCursor
      throw new Misuse(error)
    } finally {
      if (this.cursor !== this.#toldCursor) this.#sink.moveCursor((this.#toldCursor = this.cursor))
    }
  }

  /** Drops what is left of the chunk, and all that follows. */
  stop(): void {
    // Not `end`, which first reads on where a function of the caller's has thrown.
    this.#parser?.reset()
    this.#parser = undefined
  }

  #accept(event: SseEvent): void {
    this.#onEvent()
    const { until, hooks, dedupe, report } = this.#settings
    const isSentinel = typeof until === "string" && event.data === until
    const ends = isSentinel || (typeof until === "function" && until(event))
    const isGap = event.event === GAP_EVENT && hooks.onGap !== undefined
    const isNew = isGap || event.id === undefined || event.id === "" || this.#isNew(event.id)
    if (!isSentinel && (isNew || !dedupe)) {
      const run = isGap ? () => callHook(hooks.onGap, parseGap(event.data), report) : undefined
      this.#toldCursor = event.lastEventId
      this.#sink.push({ event, run })
    }
    if (!ends) return
    this.isComplete = true
    this.stop()
  }

  #isNew(id: string): boolean {
    const isNew = !this.#seen.has(id)
    if (this.#seen.add(id)) this.sawNewId = true
    return isNew
  }
}

/** Whatever the data is, the gap is told. */
function parseGap(data: string): GapInfo {
  try {
    const gap = JSON.parse(data) as { from?: unknown; reason?: unknown } | null
    return { from: stringOrNothing(gap?.from), reason: stringOrNothing(gap?.reason) }
  } catch {
    return { from: undefined, reason: undefined }
  }
}

function stringOrNothing(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined
}
