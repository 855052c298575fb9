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

/** Returns `text` with one more line. */
export function addLine(text: string, line: string): string {
  return (text === "" ? line.trimStart() : `${text}\n${line}`).slice(0, MAX_TEXT)
}

/** Whether a body that begins with `text` cannot be an event stream, whatever follows. */
export function isHopeless(text: string): boolean {
  return text.startsWith("<") || text.length === MAX_TEXT
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
  const found = contentType?.slice(0, 100) ?? "missing"
  const message = `Cannot read ${name}: the body must be an event stream (content-type: ${found})`
  const failure = new SseNotAStreamError(message, contentType, text.slice(0, PREVIEW))
  setHidden(failure, "json", json)
  return failure
}
