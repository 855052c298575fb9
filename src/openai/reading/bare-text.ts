/*
 * Judges the lines of a body that belong to no field of an event stream: they may hold an error, or show that the body is
 * not an event stream. Anything else is ignored.
 */
import { SseNotAStreamError, type SseError } from "../../errors.ts"
import { PREVIEW, setHidden } from "./chunk-error.ts"
import { isPayload, parse } from "./fields.ts"
import { objectIn, providerError, providerErrorOf } from "./provider-error.ts"

// The part of such a body that is kept, in characters.
const MAX_TEXT = 65_536

/** The type of an event that stands for a line with a payload. No event of a stream has it, since it is a line break. */
export const BARE_LINE = "\n"

// The lines of one stream that are searched for a payload or an error.
const MAX_SEARCHED = 256

/** The lines of one body that belong to no field. */
export class BareLines {
  readonly #isPart: (json: object) => boolean
  #searched = 0
  /** The lines before the first event, or the first error among them. */
  text = ""
  /** The first of these lines that holds a payload: it is lost if events follow. */
  lost: string | undefined = undefined

  /** @param isPart - Whether a payload is surely a part of an answer. */
  constructor(isPart: (json: object) => boolean) {
    this.#isPart = isPart
  }

  /** Takes a line before the first event; returns whether the body cannot be an event stream, whatever follows. */
  add(line: string): boolean {
    const [type, data = ""] = this.search(line) ?? []
    if (type === BARE_LINE) this.lost ??= line
    const isFirst = this.text === ""
    const text = isFirst ? line.trimStart() : `${this.text}\n${line}`
    const isFull = text.length >= MAX_TEXT
    // Not read for each line, since the engine would copy it each time.
    this.text = type === "error" ? data : isFull ? text.slice(0, MAX_TEXT) : text
    return type === "error" || (isFirst && text.startsWith("<")) || isFull
  }

  /** Returns the type and data of the event that stands for a line with an error or a payload. */
  search(line: string): readonly [type: string, data: string] | undefined {
    // Any other line holds neither.
    if (!/^\s*(?:\{|\[|(?:data|error)\s*:|[\w-]{1,20}\s*:\s*\{)/i.test(line) || this.#searched++ >= MAX_SEARCHED)
      return undefined
    const error = errorInLine(line)
    if (error !== undefined) return ["error", error]
    const [start, field = "data"] = /^\s*(?:([\w-]{1,20})\s*:)?/.exec(line)!
    const json = parse(line.slice(start.length))
    // Spec: any other field is ignored. It is a misspelled "data" only if it holds a part of the answer.
    const isLost = isPayload(json) && (/^data$/i.test(field) || this.#isPart(json))
    return isLost ? [BARE_LINE, line] : undefined
  }
}

/** Returns the error for a body that consists of `text` instead of events. */
export function bareTextError(name: string, text: string, contentType: string | null): SseError {
  const json = objectIn(text)
  const error = json && providerErrorOf(json, "")
  if (error) return providerError(name, error, json)
  const found = areJsonLines(text) ? "JSON lines" : `content-type: ${contentType?.slice(0, 100) ?? "missing"}`
  const message = `Cannot read ${name}: the body must be an event stream (${found})`
  const failure = new SseNotAStreamError(message, contentType, text.slice(0, PREVIEW))
  setHidden(failure, "json", json)
  return failure
}

/** Returns the error that a line reports, as the data of an event; `undefined` if it reports none. */
function errorInLine(line: string): string | undefined {
  const field = /^error\s*:\s*(\S.*)/s.exec(line)
  if (field) return isPayload(parse(field[1]!)) ? field[1] : JSON.stringify({ error: field[1] })
  const json = line.includes('"error"') ? objectIn(line) : undefined
  return json && providerErrorOf(json, "") ? JSON.stringify(json) : undefined
}

/** Whether each of the first two lines of a body is a JSON object. */
function areJsonLines(text: string): boolean {
  const lines = text.split("\n", 2)
  return lines.length === 2 && lines.every((line) => isPayload(parse(line)))
}
