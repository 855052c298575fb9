/*
 * Law: what is in a body but in no field of an event stream. It holds an error, or it shows that the body is no event
 * stream at all, or it is of no interest.
 */
import { SseNotAStreamError, type SseError } from "../../errors.ts"
import { PREVIEW, attachHidden } from "./chunk-error.ts"
import { isPayload, parse } from "./fields.ts"
import { objectIn, providerError, providerErrorOf } from "./provider-error.ts"

// How much of a body that is no event stream is kept, in characters.
const MAX_TEXT = 65_536

/** Adds a line to the text of a body. */
export function addLine(text: string, line: string): string {
  return (text === "" ? line.trimStart() : `${text}\n${line}`).slice(0, MAX_TEXT)
}

/** Whether text in no field can be of no event stream, whatever follows. */
export function isHopeless(text: string): boolean {
  return text.startsWith("<") || text.length === MAX_TEXT
}

/** The data of the event that a line would be if it reported its error properly; `undefined` where it reports none. */
export function errorInLine(line: string): string | undefined {
  const field = /^error\s*:\s*(\S.*)/s.exec(line)
  if (field) return isPayload(parse(field[1]!)) ? field[1] : JSON.stringify({ error: field[1] })
  const json = line.includes('"error"') ? objectIn(line) : undefined
  return json && providerErrorOf(json, "") ? JSON.stringify(json) : undefined
}

/** What a body is reported as that is no event stream, but `text`. */
export function bareTextError(name: string, text: string, contentType: string | null): SseError {
  const json = objectIn(text)
  const error = json && providerErrorOf(json, "")
  if (error) return providerError(name, error, json)
  const found = contentType ? `the content type "${contentType.slice(0, 100)}"` : "no content type"
  const message = `Cannot read ${name}: the body must be an event stream (it has ${found})`
  const failure = new SseNotAStreamError(message, contentType, text.slice(0, PREVIEW))
  attachHidden(failure, "json", json)
  return failure
}
