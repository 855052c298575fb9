/* Decides what becomes of each event that arrives: end mark, gap, duplicate or delivery; keeps the ID to resume from. */
import type { SseEvent } from "../event.ts"
import { MAX_ID_LENGTH, rememberId } from "../internal/remember-id.ts"
import { GAP_EVENT } from "../internal/reserved-events.ts"
import { SseParser } from "../parser/index.ts"
import type { AttemptMeter } from "./attempt-meter.ts"
import { decide } from "./checks.ts"
import type { Deadlines } from "./deadlines.ts"
import type { EventSink } from "./event-sink.ts"
import type { GapInfo } from "./hooks.ts"
import type { Settings } from "./settings.ts"

export class EventIntake {
  /** Its last event ID is the one that the next attempt resumes from. */
  readonly parser: SseParser
  /** The last `retry` field, in milliseconds. */
  serverDelay: number | undefined = undefined
  /** When this attempt opened, on the clock. */
  openedAt: number = Infinity
  /** Whether this attempt delivered an event that is progress, so that the failures before it no longer count. */
  madeProgress: boolean = false
  /** Whether the end mark has arrived. */
  isComplete: boolean = false
  /** Measures this attempt, if that is asked for. */
  meter: AttemptMeter | undefined = undefined
  /** The event that the last connection with events ended inside, as far as it arrived. */
  unfinished: SseEvent | undefined = undefined
  readonly #ids: Set<string> = new Set()
  readonly #remembersIds: boolean
  /** The last event ID that this attempt began with. */
  #start = ""
  #hasDelivered: boolean
  /** Whether this attempt has still to continue what was delivered before it, and whether it has sent a new ID. */
  #mayRestart = false
  #hasNewId = false

  /** @param deadlines - Those that an event restarts, also one that is not delivered. */
  constructor(
    { until, dedupe, dispatchEmpty, retry: { isProgress }, reconnects, learnsIdle, ...settings }: Settings,
    sink: EventSink,
    deadlines: Deadlines,
  ) {
    const { onGap, onComment, limits, lastEventId, isContinued = false, callHook } = settings
    this.#remembersIds = dedupe === true || reconnects
    this.#hasDelivered = isContinued
    this.#remember(lastEventId)
    const onText = (text: string) => {
      deadlines.onHeartbeat()
      callHook(onComment, text)
    }
    this.parser = new SseParser({
      maxLineLength: limits.maxLineLength,
      maxEventSize: limits.maxEventSize,
      lastEventId,
      dispatchEmpty,
      onEvent: (event) => {
        this.#onArrival(deadlines)
        const { data } = event
        const isEndMark = data === until
        this.isComplete = isEndMark || (typeof until === "function" && decide("until", () => until(event)))
        const onTurn = event.event === GAP_EVENT && onGap ? () => callHook(onGap, gapOf(data)) : undefined
        const id = (!onTurn && event.id) || ""
        const isRepeated = this.#ids.has(id)
        if (!isEndMark && !(dedupe && isRepeated)) {
          if (!onTurn && !this.madeProgress) {
            this.madeProgress = isProgress ? decide("retry.isProgress", () => isProgress(event)) : !isRepeated
          }
          this.#remember(id)
          sink.deliver(event, onTurn, this.#isRestart(id, isRepeated))
        }
        if (this.isComplete) this.parser.reset()
      },
      onRetry: (ms) => (this.serverDelay = ms),
      onComment: onComment || learnsIdle ? onText : undefined,
    })
  }

  /** An attempt begins. */
  begin(): void {
    this.openedAt = Infinity
    this.madeProgress = this.#hasNewId = false
    this.#mayRestart = this.#hasDelivered
    this.#start = this.parser.lastEventId
    this.end()
    this.parser.reset()
  }

  /** The stream of an attempt has ended, or it broke. */
  end(): void {
    this.unfinished = this.parser.takeUnfinished() ?? this.unfinished
  }

  #onArrival(deadlines: Deadlines): void {
    this.unfinished = undefined
    deadlines.onEvent()
    this.meter?.onEvent()
  }

  /** Whether the event shows that this attempt does not continue the ones before it; only once for each attempt. */
  #isRestart(id: string, isRepeated: boolean): boolean {
    this.#hasDelivered = true
    if (!this.#mayRestart) return false
    // Of a long stream, the first IDs are forgotten. A stream that begins again comes to the last one nevertheless.
    const isRestart = this.#start === "" || id === this.#start || (isRepeated && !this.#hasNewId)
    this.#mayRestart = !isRestart
    this.#hasNewId ||= id !== "" && !isRepeated
    return isRestart
  }

  /** Remembers an ID that was delivered, unless it is empty or too long. */
  #remember(id: string): void {
    if (this.#remembersIds && id !== "" && id.length <= MAX_ID_LENGTH) rememberId(this.#ids, id)
  }
}

/** The gap is reported even if its data is malformed. */
export function gapOf(data: string): GapInfo {
  let gap: { readonly [Name in keyof GapInfo]?: unknown } | null | undefined
  try {
    gap = JSON.parse(data) as typeof gap
  } catch {
    gap = undefined
  }
  return { from: textOf(gap?.from), reason: textOf(gap?.reason), resumesAt: textOf(gap?.resumesAt) }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined
}
