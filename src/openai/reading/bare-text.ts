/*
 * Judges the lines of a body that belong to no field of an event stream: they may hold an error, or show that the body is
 * not an event stream. Anything else is ignored.
 */
import { SseNotAStreamError, type SseError } from "../../errors.ts"
import { PREVIEW, setHidden } from "./chunk-error.ts"
import { type Fields, isPayload, parse } from "./fields.ts"
import { objectIn, providerError, providerErrorOf } from "./provider-error.ts"

// The part of such a body that is kept, in characters.
const MAX_TEXT = 65_536

/** The type of an event that stands for a line with a payload. No event of a stream has it, since it is a line break. */
export const BARE_LINE = "\n"

/** Returns `text` with one more line. */
export function addLine(text: string, line: string): string {
  return (text === "" ? line.trimStart() : `${text}\n${line}`).slice(0, MAX_TEXT)
}

/** Whether a body that begins with `text` cannot be an event stream, whatever follows. */
export function isHopeless(text: string): boolean {
  return text.startsWith("<") || text.length === MAX_TEXT
}

/** Whether a line is worth a search: any other one has neither a payload nor an error. */
export function mayHoldPayload(line: string): boolean {
  return /^\s*(?:\{|\[|data\s*:|error\s*:)/i.test(line)
}

/** Returns the payload that a line holds although its field is misspelled or missing. */
export function payloadInLine(line: string): Fields | undefined {
  const json = parse(line.replace(/^\s*data\s*:/i, ""))
  return isPayload(json) ? json : undefined
}

/** Returns the error that a line reports, as the data of an event; `undefined` if it reports none. */
export function errorInLine(line: string): string | undefined {
  const field = /^error\s*:\s*(\S.*)/s.exec(line)
  if (field) return isPayload(parse(field[1]!)) ? field[1] : JSON.stringify({ error: field[1] })
  const json = line.includes('"error"') ? objectIn(line) : undefined
  return json && providerErrorOf(json, "") ? JSON.stringify(json) : undefined
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

/** Whether each of the first two lines of a body is a JSON object. */
function areJsonLines(text: string): boolean {
  const lines = text.split("\n", 2)
  return lines.length === 2 && lines.every((line) => isPayload(parse(line)))
}
