/*
 * Counts the events of one stream by the number that their data begins with. An event must have the number after that of
 * the one before it, unless a gap event comes first.
 */

/** What the streams of a process have received in all. */
export interface Totals {
  events: number
  /** The events whose numbers were left out without a gap event before. */
  lost: number
  /** The events whose numbers had been received before. */
  doubled: number
  gaps: number
  /** The events that gap events announced as left out. */
  skipped: number
}

export interface Receiver {
  readonly totals: Totals
  /** Called for each event in order. `sent` is when it was published. */
  onEvent(sequence: number, sent: number): void
}

const LF = 0x0a

/** Only the beginning of a line is read. */
const LINE_START = 64

const DATA = /^data: ?"?(\d+) ([\d.]+)/
const GAP = "event: steadystream.gap"

export class EventCounter {
  readonly #receiver: Receiver
  /** The number of the next event; `undefined` before the first if any may come first. */
  #next: number | undefined
  #line = ""
  #isGap = false
  /** Whether the events after a gap event may leave numbers out. */
  #maySkip = false

  constructor(receiver: Receiver, next: number | undefined) {
    this.#receiver = receiver
    this.#next = next
  }

  /** Reads a piece of the stream, cut anywhere. */
  read(bytes: Buffer, start: number, end: number): void {
    let at = start
    while (at < end) {
      const found = bytes.indexOf(LF, at)
      const stop = found === -1 || found > end ? end : found
      if (this.#line.length < LINE_START) this.#line += bytes.toString("latin1", at, Math.min(stop, at + LINE_START))
      if (stop === end) return
      this.#onLine(this.#line)
      this.#line = ""
      at = stop + 1
    }
  }

  #onLine(line: string): void {
    if (line === "") this.#isGap = false
    else if (line.startsWith("data:")) this.#onData(line)
    else if (line === GAP) this.#isGap = true
  }

  #onData(line: string): void {
    const { totals } = this.#receiver
    if (this.#isGap) {
      totals.gaps++
      this.#maySkip = true
      return
    }
    const match = DATA.exec(line)
    if (match === null) throw new Error(`Cannot read event: its data must begin with its number, not ${line}`)
    const sequence = Number(match[1])
    const next = this.#next ?? sequence
    if (sequence < next) {
      totals.doubled++
      return
    }
    if (this.#maySkip) totals.skipped += sequence - next
    else totals.lost += sequence - next
    this.#maySkip = false
    this.#next = sequence + 1
    totals.events++
    this.#receiver.onEvent(sequence, Number(match[2]))
  }
}
