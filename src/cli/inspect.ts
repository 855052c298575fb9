/* `inspect`: a recording as a timeline, with one line for each entry. */
import { type SseEvent, SseParser } from "../index.ts"
import type { Recording, RecordingEntry } from "../testing/index.ts"
import type { Colours } from "./colours.ts"
import type { Command } from "./command.ts"
import { OK } from "./exit-codes.ts"
import { count, size } from "./progress.ts"
import { readRecording } from "./recording-file.ts"
import { visibleLine } from "./visible-text.ts"

const AXIS_WIDTH = 24
/** The most events that the line of a chunk names, and the most characters of the data of one. */
const MAX_NAMES = 4
const MAX_DATA = 60

export const INSPECT: Command = {
  name: "inspect",
  summary: "Shows a recording as a timeline: requests, chunks with their events, attempts and states.",
  operands: ["FILE"],
  flags: {
    data: { type: "boolean", about: "Shows the start of the data of each event." },
  },
  run: async (given, terminal) => {
    const recording = await readRecording(given.positionals[0]!, terminal.signal)
    const timeline = new Timeline(recording, terminal.colours, given.has("data"))
    for (const line of timeline.lines()) await terminal.write(`${line}\n`)
    return OK
  },
}

/** Which request or subscription an entry belongs to. The only subscription of a recording has no number. */
function numberOf(entry: RecordingEntry): string {
  if ("request" in entry) return `#${entry.request} `
  return "subscription" in entry && entry.subscription ? `subscription ${entry.subscription}: ` : ""
}

class Timeline {
  readonly #entries: readonly RecordingEntry[]
  readonly #colours: Colours
  readonly #showsData: boolean
  readonly #length: number
  readonly #parsers = new Map<number, SseParser>()
  /** The events of the chunk that is being read. */
  #found: SseEvent[] = []
  #events = 0
  #bytes = 0

  constructor({ entries }: Recording, colours: Colours, showsData: boolean) {
    this.#entries = entries
    this.#colours = colours
    this.#showsData = showsData
    this.#length = entries.reduce((longest, { at }) => Math.max(longest, at), 1)
  }

  *lines(): Generator<string, undefined> {
    const { dim } = this.#colours
    let last = 0
    let silence = 0
    for (const entry of this.#entries) {
      silence = Math.max(silence, entry.at - last)
      last = entry.at
      const number = dim(numberOf(entry))
      yield `${`${entry.at.toFixed(0)} ms`.padStart(10)}  ${this.#axis(entry.at)}  ${number}${this.#textOf(entry)}`
      for (const { data } of this.#showsData ? this.#found : []) {
        yield `${" ".repeat(AXIS_WIDTH + 14)}${visibleLine(data, MAX_DATA)}`
      }
      this.#found = []
    }
    const requests = this.#entries.filter(({ type }) => type === "request").length
    const parts = [count(requests, "request"), count(this.#events, "event"), size(this.#bytes)]
    yield `${parts.join(", ")} in ${(this.#length / 1_000).toFixed(1)} s, longest silence ${silence.toFixed(0)} ms`
    return undefined
  }

  #axis(at: number): string {
    const place = Math.round((at / this.#length) * (AXIS_WIDTH - 1))
    const { dim } = this.#colours
    return `${dim("·".repeat(place))}●${dim("·".repeat(AXIS_WIDTH - 1 - place))}`
  }

  #textOf(entry: RecordingEntry): string {
    const { cyan, green, red, yellow } = this.#colours
    if (entry.type === "request") return visibleLine(`${entry.method} ${entry.url}`)
    if (entry.type === "response") {
      const type = visibleLine(entry.headers["content-type"] ?? "without a content type")
      return (entry.status === 200 ? green : red)(`${entry.status} ${type}`)
    }
    if (entry.type === "chunk") return this.#chunkText(entry.request, entry.bytes)
    if (entry.type === "error") return red(visibleLine(`broke: ${entry.name} ${entry.code ?? ""}`.trim()))
    if (entry.type === "failure") return red(visibleLine(`failed: ${entry.name} ${entry.code ?? ""}`.trim()))
    if (entry.type === "retry") {
      const { attempt, delay, name, code } = entry
      return yellow(visibleLine(`retry ${attempt} in ${delay.toFixed(0)} ms: ${name} ${code}`))
    }
    if (entry.type === "state") return cyan(visibleLine(entry.state))
    return { end: "end of the body", cancel: "cancelled by the reader", limit: "the recording is full" }[entry.type]
  }

  #chunkText(request: number, bytes: Uint8Array): string {
    const events = this.#eventsOf(request, bytes)
    this.#found = events
    this.#events += events.length
    this.#bytes += bytes.length
    const names = events.slice(0, MAX_NAMES).map(({ event, id }) => event + (id === undefined ? "" : ` #${id}`))
    if (events.length > MAX_NAMES) names.push("…")
    const list = names.length === 0 ? "" : `: ${visibleLine(names.join(", "), 100)}`
    return `${size(bytes.length)}, ${count(events.length, "event")}${list}`
  }

  /** The events that end in a chunk. A body that exceeds a limit of the parser has no further events. */
  #eventsOf(request: number, bytes: Uint8Array): SseEvent[] {
    const events: SseEvent[] = []
    let parser = this.#parsers.get(request)
    if (parser === undefined) {
      parser = new SseParser({ onEvent: (event) => this.#found.push(event) })
      this.#parsers.set(request, parser)
    }
    this.#found = events
    try {
      parser.feed(bytes)
    } catch {
      this.#parsers.set(request, new SseParser())
    }
    return events
  }
}
