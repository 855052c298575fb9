/*
 * Law: what is in a body but in no field of an event stream. It holds an error, or it shows that the body is no event
 * stream at all, or it is of no interest. At most MAX_TEXT characters are kept.
 */
import { SseNotAStreamError, type SseError } from "../errors.ts"
import { bodyOf, providerError, providerErrorOf } from "./provider-error.ts"

const MAX_TEXT = 65_536
const PREVIEW = 200
const ERROR_FIELD = /^error\s*:\s*(?=\S)/

export class StrayText {
  #text = ""

  /** Whether the text can be of no event stream, whatever follows. */
  get isHopeless(): boolean {
    return this.#text.startsWith("<") || this.#text.length >= MAX_TEXT
  }

  get isEmpty(): boolean {
    return this.#text.trim() === ""
  }

  /** Keeps a line. */
  push(line: string): void {
    const text = this.#text === "" ? line.trimStart() : `\n${line}`
    this.#text += text.slice(0, MAX_TEXT - this.#text.length)
  }

  /** What a body that is no event stream is reported as. */
  toError(name: string, contentType: string | null): SseError {
    const json = parseObject(this.#text)
    const error = json === undefined ? null : providerErrorOf(json, "")
    if (error !== null) return providerError(name, error, json)
    const found = contentType === null ? "no content type" : `the content type "${contentType.slice(0, 100)}"`
    const message = `Cannot read ${name}: the body must be an event stream (it has ${found})`
    const failure = new SseNotAStreamError(message, contentType, this.#text.slice(0, PREVIEW))
    Object.defineProperty(failure, "json", { value: json })
    return failure
  }
}

/** The data of the event that a line would be if it reported its error properly; `undefined` where it reports none. */
export function errorInLine(line: string): string | undefined {
  const field = ERROR_FIELD.exec(line)
  if (field !== null) {
    const value = line.slice(field[0].length)
    return parseObject(value) === undefined ? JSON.stringify({ error: value }) : value
  }
  if (!line.includes('"error"')) return undefined
  const json = parseObject(line)
  return json === undefined || providerErrorOf(json, "") === null ? undefined : JSON.stringify(json)
}

/** The JSON object in `text`, also as the first element of an array, as some endpoints of Google send it. */
export function parseObject(text: string): object | undefined {
  try {
    const json: unknown = JSON.parse(text)
    const value: unknown = Array.isArray(json) ? json[0] : json
    return typeof value === "object" && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

/** The provider's error in the body of a refused response, `null` where there is none to be found. */
export function errorInBody(body: string): ReturnType<typeof providerErrorOf> {
  const json = parseObject(body)
  if (json === undefined) return null
  return providerErrorOf(json, "") ?? ("message" in json ? bodyOf(json, json) : null)
}
