/* The rules of the format itself, line by line. */
import type { BodyLine } from "./body-lines.ts"
import { bodyLinesOf } from "./body-lines.ts"
import type { Finding, RuleId } from "./rules.ts"

/** An event of a body, and where it ends. */
export interface LintedEvent {
  readonly event: string
  readonly data: string
  readonly id: string | undefined
  readonly line: number
  /** The first byte. */
  readonly byte: number
  /** The byte after its blank line. */
  readonly next: number
}

/** The block that is being read. */
interface Block {
  readonly line: number
  readonly byte: number
  event: string
  data: string[]
  id: string | undefined
}

const MARK = "\uFEFF"

/** Reads a body: what is wrong with its lines, and its events. */
export class FramingReader {
  readonly findings: Finding[] = []
  readonly events: LintedEvent[] = []
  #block: Block | undefined = undefined

  /** @param isWhole - Whether the body came to its own end, so that its last event must be complete. */
  constructor(bytes: Uint8Array, isWhole: boolean) {
    let last: BodyLine | undefined
    for (const line of bodyLinesOf(bytes)) {
      // A line that was cut may have been any line.
      if (line.ending !== "") this.#readLine(line)
      last = line
    }
    if (!isWhole || last === undefined) return
    const isComment = last.ending === "" && last.text.startsWith(":")
    if (this.#block === undefined && (last.ending !== "" || isComment)) return
    const { line: number, byte: start } = this.#block ?? { line: last.number, byte: last.start }
    this.#add("framing/unfinished-event", "The body ends without a blank line, so its last event is dropped.", {
      number,
      start,
    })
  }

  #readLine(line: BodyLine): void {
    const { ending, isValid, number, start } = line
    if (!isValid) {
      this.#add("framing/invalid-utf8", "The line is not valid UTF-8, so readers replace characters.", line)
    }
    if (ending === "\r") {
      this.#add("framing/bare-cr", "The line ends with CR alone, which many parsers do not read as a line end.", line)
    }
    const isFirst = start === 0 && number === 1
    const text = line.text.startsWith(MARK) && isFirst ? line.text.slice(1) : line.text
    if (text === "") this.#endBlock(line)
    else if (!text.startsWith(":")) this.#readField(text, line)
  }

  #readField(text: string, line: BodyLine): void {
    const [, name = "", value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(text) ?? []
    const block = (this.#block ??= { line: line.number, byte: line.start, event: "", data: [], id: undefined })
    if (name === "data") block.data.push(value)
    else if (name === "event") block.event = value
    else if (name === "id" && value.includes("\0")) {
      this.#add(
        "framing/nul-in-id",
        "The ID has the character NUL, so it is ignored and a reader resumes too early.",
        line,
      )
    } else if (name === "id") block.id = value
    else if (name === "retry") this.#checkRetry(value, line)
    else if (name.startsWith(MARK)) {
      this.#add("framing/byte-order-mark", "A byte order mark stands inside the stream, so the line is ignored.", line)
    } else this.#add("framing/unknown-field", "The line has no field name of the format, so it is ignored.", line)
  }

  #checkRetry(value: string, line: BodyLine): void {
    if (/^[0-9]+$/.test(value)) return
    this.#add("framing/retry", "The retry field must have ASCII digits only, so it is ignored.", line)
  }

  #endBlock({ next }: BodyLine): void {
    const block = this.#block
    this.#block = undefined
    if (block === undefined) return
    const { event, data, id, line, byte } = block
    if (data.length > 0) {
      this.events.push({ event: event === "" ? "message" : event, data: data.join("\n"), id, line, byte, next })
    } else if (event !== "") {
      const message = "The block has an event name and no data, so no event is dispatched. Send an empty data field."
      this.#add("framing/no-data", message, { number: line, start: byte })
    }
  }

  #add(rule: RuleId, message: string, { number, start }: Pick<BodyLine, "number" | "start">): void {
    this.findings.push({ rule, message, line: number, byte: start })
  }
}
