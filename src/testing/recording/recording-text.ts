/* A recording as text: one JSON object a line. Reading checks every member that a replay uses. */
import { kindOf } from "../../internal/option-checks.ts"
import { checkEntry, entriesOf } from "./exchange.ts"
import type { Recording, RecordingEntry } from "./recording.ts"

const FORMAT = "steadystream-recording"

/**
 * Writes a recording as JSON Lines, of which each line ends with a line feed. The format is described in
 * docs/recording-format.md.
 *
 * @throws TypeError if the argument is no recording.
 * @example
 * ```ts
 * import { formatRecording, parseRecording } from "steadystream/testing"
 *
 * const text = formatRecording({ version: 1, entries: [{ type: "state", at: 0, state: "connecting" }] })
 * console.log(parseRecording(text).entries.length) // 1
 * ```
 */
export function formatRecording(recording: Recording): string {
  return `${JSON.stringify({ format: FORMAT, version: 1 })}\n${entriesOf(recording).map(formatEntry).join("")}`
}

/**
 * Writes one entry as a line, for a recording that is written while it grows. The first line of such a file is
 * `formatRecording` of a recording without entries.
 *
 * @throws TypeError if the argument is no entry.
 * @example
 * ```ts
 * import { formatEntry, formatRecording, parseRecording, record, scriptedFetch } from "steadystream/testing"
 *
 * let file = formatRecording({ version: 1, entries: [] })
 * const recorder = record({ onEntry: (entry) => void (file += formatEntry(entry)) })
 * const fetch = recorder.fetch(scriptedFetch([{ chunks: ["data: a\n\n"] }]))
 * await (await fetch("https://example.com/")).text()
 * console.log(parseRecording(file).entries.length) // 4
 * ```
 */
export function formatEntry(entry: RecordingEntry): string {
  checkEntry(entry)
  return `${JSON.stringify(lineOf(entry))}\n`
}

/**
 * Reads a recording from JSON Lines. A last line that is cut is dropped, as are empty lines and entries of an unknown type,
 * so that the format can have more types later.
 *
 * @param text - The text, or its bytes in UTF-8.
 * @throws TypeError if the text is no recording. Its message has the number of the line, and nothing of its content.
 * @see {@link formatRecording}
 */
export function parseRecording(text: string | Uint8Array | ArrayBuffer): Recording {
  const [first = "", ...lines] = checkedText(text)
    .replace(/^\uFEFF/, "")
    .split("\n")
  const unfinished = lines.pop()
  const head = jsonOf(first, 1)
  if (head["format"] !== FORMAT) throw new TypeError("Cannot read recording: line 1 must be its head")
  if (head["version"] !== 1) throw new TypeError("Cannot read recording: its version must be 1")
  const entries = lines.flatMap((line, at) => (line.trim() === "" ? [] : entryOf(jsonOf(line, at + 2), at + 2)))
  return { version: 1, entries: [...entries, ...lastEntry(unfinished, lines.length + 2)] }
}

/** @throws TypeError if it is no text, or text in another form than that of a recording. */
function checkedText(given: unknown): string {
  const bytes = given instanceof ArrayBuffer ? new Uint8Array(given) : given
  if (!(bytes instanceof Uint8Array) && typeof bytes !== "string") {
    throw new TypeError(`Cannot read recording: it must be a string or bytes, not ${kindOf(given)}`)
  }
  const text = typeof bytes === "string" ? bytes : new TextDecoder().decode(bytes)
  if (text.trim() === "") throw new TypeError("Cannot read recording: it must not be empty")
  if (COMPRESSED.some((start) => text.startsWith(start)))
    throw new TypeError("Cannot read recording: it must not be compressed")
  if (text.slice(0, 8).includes("\0")) throw new TypeError("Cannot read recording: it must be in UTF-8, not UTF-16")
  if (typeof bytes !== "string") checkUtf8(bytes)
  return text
}

/** How gzip, ZIP and Zstandard begin, after bytes that are not valid UTF-8 were replaced. */
const COMPRESSED = ["\u001F", "PK\u0003\u0004", "(\uFFFD/\uFFFD"]

/** The last line may be cut inside a character. */
function checkUtf8(bytes: Uint8Array): void {
  if (textOf(bytes.subarray(0, bytes.lastIndexOf(10) + 1)) === undefined) {
    throw new TypeError("Cannot read recording: it must be in UTF-8")
  }
}

function lastEntry(line = "", number: number): RecordingEntry[] {
  try {
    JSON.parse(line)
  } catch {
    return []
  }
  return entryOf(jsonOf(line, number), number)
}

type Fields = Readonly<Record<string, unknown>>

/** The members of each type of entry besides `at`, and their types; `?` marks one that may be missing. */
const MEMBERS: Readonly<Record<RecordingEntry["type"], Readonly<Record<string, string>>>> = {
  request: { request: "integer", method: "string", url: "string", headers: "headers", body: "string?" },
  response: { request: "integer", status: "status", headers: "headers" },
  chunk: { request: "integer", text: "string?", base64: "string?" },
  end: { request: "integer" },
  error: { request: "integer", name: "string", code: "string?" },
  cancel: { request: "integer" },
  state: { state: "state", subscription: "integer?" },
  retry: {
    attempt: "integer",
    delay: "number",
    name: "string",
    code: "string",
    phase: "string?",
    subscription: "integer?",
  },
  failure: { name: "string", code: "string?", phase: "string?", subscription: "integer?" },
  limit: {},
}

function lineOf(entry: RecordingEntry): object {
  const { at, type } = entry
  if (entry.type !== "chunk") return entry
  const text = textOf(entry.bytes)
  const content = text === undefined ? { base64: toBase64(entry.bytes) } : { text }
  return { at, type, request: entry.request, ...content }
}

function jsonOf(line: string, number: number): Fields {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields
  } catch {
    // Below.
  }
  throw new TypeError(`Cannot read recording: line ${number} must be a JSON object`)
}

function entryOf(fields: Fields, number: number): RecordingEntry[] {
  const type = fields["type"] as RecordingEntry["type"]
  const members = typeof type === "string" && Object.hasOwn(MEMBERS, type) ? MEMBERS[type] : undefined
  if (members === undefined) return []
  for (const [name, kind] of Object.entries({ at: "number", ...members })) {
    const value = fields[name]
    if (value === undefined ? kind.endsWith("?") : isOf(kind.replace("?", ""), value)) continue
    throw new TypeError(`Cannot read recording: "${name}" in line ${number} must be ${WORDS[kind.replace("?", "")]}`)
  }
  if (type !== "chunk") return [fields as unknown as RecordingEntry]
  const { at, request, text, base64 } = fields as Record<"at" | "request", number> & Record<"text" | "base64", string>
  return [
    { type, at, request, bytes: text === undefined ? fromBase64(base64, number) : new TextEncoder().encode(text) },
  ]
}

const WORDS: Readonly<Record<string, string>> = {
  number: "a number from 0",
  integer: "an integer from 0",
  status: "0 or an integer from 100 to 999",
  string: "a string",
  state: '"connecting", "open", "waiting" or "closed"',
  headers: "an object with names and values of headers",
}

const STATES: ReadonlySet<unknown> = new Set(["connecting", "open", "waiting", "closed"])

function isOf(kind: string, value: unknown): boolean {
  if (kind === "headers") return areHeaders(value)
  if (kind === "string") return typeof value === "string"
  if (kind === "state") return STATES.has(value)
  if (typeof value !== "number" || !(value >= 0 && value < Infinity)) return false
  if (kind === "number") return true
  // A response that is hidden by the browser has the status 0.
  return Number.isSafeInteger(value) && (kind === "integer" || value === 0 || (value > 99 && value < 1_000))
}

function areHeaders(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false
  return Object.entries(value).every(([name, one]) => typeof one === "string" && isHeader(name, one))
}

/** Whether HTTP allows the name and the value. */
function isHeader(name: string, value: string): boolean {
  try {
    return new Headers([[name, value]]).has(name)
  } catch {
    return false
  }
}

/** The text of bytes that are valid UTF-8 and nothing else. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function toBase64(bytes: Uint8Array): string {
  let binary = ""
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}

function fromBase64(text: string | undefined, number: number): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(text ?? "?"), (unit) => unit.charCodeAt(0))
  } catch {
    throw new TypeError(`Cannot read recording: line ${number} must have "text" or "base64"`)
  }
}
