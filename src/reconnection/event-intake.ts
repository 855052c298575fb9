/* Decides what becomes of each event that arrives: end mark, gap, duplicate or delivery; keeps the ID to resume from. */
import { SseParser } from "../parser/index.ts"
import type { Deadlines } from "./deadlines.ts"
import type { EventSink } from "./event-sink.ts"
import type { GapInfo } from "./hooks.ts"
import type { Settings } from "./settings.ts"

/** How many IDs are remembered to recognise duplicates. */
const MAX_IDS = 1_024

/** The longest ID that is remembered, in characters: memory that a peer can grow is bounded. */
const MAX_ID_LENGTH = 4_096

const GAP_EVENT = "steadystream.gap"

export class EventIntake {
  /** Its last event ID is the one that the next attempt resumes from. */
  readonly parser: SseParser
  /** The last `retry` field, in milliseconds. */
  serverDelay: number | undefined = undefined
  /** When this attempt opened, on the clock. */
  openedAt: number = Infinity
  /** Whether this attempt brought an event with an ID of its own that is new. */
  sawNewId: boolean = false
  /** Whether the end mark has arrived. */
  isComplete: boolean = false
  readonly #ids: Set<string> = new Set()

  /** @param deadlines - Those that an event restarts, also one that is not delivered. */
  constructor(
    { until, dedupe, onGap, onComment, limits, lastEventId, callHook }: Settings,
    sink: EventSink,
    deadlines: Deadlines,
  ) {
    this.#remember(lastEventId)
    this.parser = new SseParser({
      ...limits,
      lastEventId,
      onEvent: (event) => {
        deadlines.onEvent()
        const { data } = event
        const isEndMark = data === until
        this.isComplete = isEndMark || (typeof until === "function" && until(event))
        const isGap = event.event === GAP_EVENT && onGap !== undefined
        const id = (!isGap && event.id) || ""
        const isDropped = isEndMark || (dedupe && this.#ids.has(id))
        if (this.#remember(id)) this.sawNewId = true
        if (!isDropped) sink.deliver(event, isGap ? () => callHook(onGap, gapOf(data)) : undefined)
        if (this.isComplete) this.parser.reset()
      },
      onRetry: (ms) => (this.serverDelay = ms),
      onComment: onComment && ((text) => callHook(onComment, text)),
    })
  }

  /** An attempt begins. */
  begin(): void {
    this.openedAt = Infinity
    this.sawNewId = false
    this.parser.reset()
  }

  /** @returns Whether `id` is new; an empty ID never is, nor one that is too long to remember. */
  #remember(id: string): boolean {
    const ids = this.#ids
    if (id === "" || id.length > MAX_ID_LENGTH || ids.has(id)) return false
    ids.add(id)
    if (ids.size > MAX_IDS) ids.delete(ids.values().next().value!)
    return true
  }
}

/** The gap is reported even if its data is malformed. */
function gapOf(data: string): GapInfo {
  let gap: { readonly from?: unknown; readonly reason?: unknown } | null | undefined
  try {
    gap = JSON.parse(data) as typeof gap
  } catch {
    gap = undefined
  }
  return { from: textOf(gap?.from), reason: textOf(gap?.reason) }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined
}
