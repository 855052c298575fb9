/* Law: what becomes of each event that arrives: end mark, gap, duplicate or delivery; and the cursor to resume from. */
import { SseParser } from "../parser/index.ts"
import type { EventSink } from "./event-sink.ts"
import type { GapInfo } from "./hooks.ts"
import type { Settings } from "./settings.ts"

/** How many IDs are remembered, to tell an event that came before from a new one. */
const MAX_IDS = 1_024

/** The longest ID that is remembered, in characters: what a peer can make us keep is bounded. */
const MAX_ID_LENGTH = 4_096

const GAP_EVENT = "steadystream.gap"

/** The parser of a subscription, whose last event ID is what the next attempt resumes from, and what it has told. */
export interface EventIntake {
  readonly parser: SseParser
  /** The last `retry` field, in milliseconds. */
  serverDelay: number | undefined
  /** When this attempt has opened, on the clock. */
  openedAt: number
  /** Whether this attempt has brought an event with an ID of its own that had not come before. */
  sawNewId: boolean
  /** Whether the end mark has come. */
  isComplete: boolean
  /** An attempt begins. */
  readonly begin: () => void
}

/** @param onEvent - Called with each event that arrives, whatever becomes of it. */
export function createEventIntake(settings: Settings, sink: EventSink, onEvent: () => void): EventIntake {
  const { until, dedupe, onGap, onComment, limits, lastEventId, tell } = settings
  const ids = new Set<string>()
  remember(ids, lastEventId)
  const parser = new SseParser({
    ...limits,
    lastEventId,
    onEvent(event) {
      onEvent()
      const { data } = event
      const isSentinel = data === until
      intake.isComplete = isSentinel || (typeof until === "function" && until(event))
      const isGap = event.event === GAP_EVENT && onGap !== undefined
      const id = (!isGap && event.id) || ""
      const isDropped = isSentinel || (dedupe && ids.has(id))
      if (remember(ids, id)) intake.sawNewId = true
      if (!isDropped) sink.push(event, isGap ? () => tell(onGap, gapOf(data)) : undefined)
      if (intake.isComplete) parser.reset()
    },
    onRetry: (ms) => (intake.serverDelay = ms),
    onComment: onComment && ((text) => tell(onComment, text)),
  })
  const intake: EventIntake = {
    parser,
    serverDelay: undefined,
    openedAt: Infinity,
    sawNewId: false,
    isComplete: false,
    begin() {
      intake.openedAt = Infinity
      intake.sawNewId = false
      parser.reset()
    },
  }
  return intake
}

/** @returns Whether `id` is new; none, and one that is too long to remember, never is. */
function remember(ids: Set<string>, id: string): boolean {
  if (id === "" || id.length > MAX_ID_LENGTH || ids.has(id)) return false
  ids.add(id)
  if (ids.size > MAX_IDS) ids.delete(ids.values().next().value!)
  return true
}

/** Whatever the data is, the gap is told. */
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
