import type { GapInfo } from "steadystream/client"
import { type ChannelLog, numberOf } from "./channel-log.ts"
import { ChannelReader } from "./channel-reader.ts"
import { setFact, setOutcome } from "./dom.ts"

/** A return to the channel, up to the event that was the newest one at that time. */
interface Return {
  readonly newest: number
  /** The position after which events are replayed. */
  from: number
  replayed: number
  /** What the gap skipped, as a sentence; `""` without a gap. */
  missing: string
}

/** The reader that the user takes off and brings back. */
export class ReturningReader {
  readonly reader: ChannelReader
  readonly #log: ChannelLog
  #isAway = false
  #return: Return | undefined = undefined

  constructor(root: HTMLElement, log: ChannelLog, onTake: () => void) {
    this.#log = log
    this.reader = new ChannelReader(root, log, {
      // Each return is served by another node, as after a restart: only what the store keeps is left there.
      url: "/channel?node=new",
      onTake: (position) => {
        this.#count(position)
        onTake()
      },
      onGap: (gap) => this.#skip(gap),
      onOpen: () => {
        if (this.#return?.newest === this.reader.position) this.#show()
      },
    })
  }

  begin(cursor: string): void {
    this.#isAway = false
    this.#return = undefined
    this.#log.clearSpans()
    setFact(this.reader.root, "cursor", cursor)
    setOutcome(this.reader.root, "Reads along until you take it off.", "good")
    this.reader.begin(cursor)
  }

  stop(): void {
    this.#isAway = false
    this.reader.leave("closed")
  }

  takeOff(): void {
    const { reader } = this
    this.#isAway = true
    this.#return = undefined
    reader.leave("away")
    reader.events.note("away", `keeps its cursor, ${reader.position}`)
    setFact(reader.root, "cursor", reader.cursor)
    this.showLag()
  }

  bringBack(): void {
    const { reader } = this
    this.#isAway = false
    this.#log.clearSpans()
    this.#return = { newest: this.#log.last, from: reader.position, replayed: 0, missing: "" }
    reader.events.note("back", `sends its cursor, ${reader.position}`)
    setOutcome(reader.root, "")
    reader.connect()
  }

  /** Shows the number of events after the reader's position, and, while it is away, whether the log still has them. */
  showLag(): void {
    this.reader.showLag()
    if (!this.#isAway) return
    if (this.#log.first > this.reader.position) {
      setOutcome(this.reader.root, "Away for too long: events after its cursor are gone. It will get a gap.", "bad")
    } else {
      setOutcome(this.reader.root, "Away. Every event after its cursor is kept, so it can come back without a gap.")
    }
  }

  #count(position: number): void {
    setFact(this.reader.root, "cursor", this.reader.cursor)
    const back = this.#return
    if (back === undefined || position > back.newest) return
    back.replayed++
    this.#log.span("c", "replayed", back.from, position)
    this.#show()
  }

  #skip({ from, reason, resumesAt = "" }: GapInfo): void {
    const back = this.#return
    if (back === undefined) return
    const [before, after] = [numberOf(from ?? ""), numberOf(resumesAt)]
    back.from = after
    this.#log.span("c", "gap", before, after)
    back.missing =
      reason === "trimmed"
        ? `Too late: ${eventsOf(after - before)} missing (“trimmed”). It resumed after ${after}.`
        : `The log is not the one of its cursor (“${reason}”). It resumed after ${after}.`
    this.#show()
  }

  /** Shows the outcome of a return when everything up to the newest event at that time was taken. */
  #show(): void {
    const { newest, from, replayed, missing } = this.#return!
    if (this.reader.position < newest) return
    const { root, events } = this.reader
    const expected = newest - from
    events.note("replay", eventsOf(replayed))
    if (replayed !== expected) setOutcome(root, `Wrong: replayed ${eventsOf(replayed)} of ${expected}.`, "bad")
    else if (missing !== "") setOutcome(root, `${missing} Replayed ${eventsOf(replayed)}.`, "bad")
    else setOutcome(root, `Back in time: replayed ${eventsOf(replayed)}, and none is missing.`, "good")
  }
}

function eventsOf(count: number): string {
  return count === 1 ? "1 event" : `${count} events`
}
