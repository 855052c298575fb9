/* A recording as text: one JSON object a line. Reading checks every member that a replay uses. */
import type { Recording, RecordingEntry } from "./recording.ts"

const FORMAT = "steadystream-recording"

/**
 * Writes a recording as JSON Lines. The format is described in docs/recording-format.md.
 *
 * @example
 * ```ts
 * import { formatRecording, parseRecording } from "steadystream/testing"
 *
 * const text = formatRecording({ version: 1, entries: [{ type: "state", at: 0, state: "connecting" }] })
 * console.log(parseRecording(text).entries.length) // 1
 * ```
 */
export function formatRecording({ version, entries }: Recording): string {
  return `${JSON.stringify({ format: FORMAT, version })}\n${entries.map(formatEntry).join("")}`
}

/** Writes one entry as a line, for a recording that is written as it grows: its first line is that of an empty one. */
export function formatEntry(entry: RecordingEntry): string {
  return `${JSON.stringify(lineOf(entry))}\n`
}

/**
 * Reads a recording from JSON Lines. A last line without its line break may be cut, and is then dropped. Unknown types of
 * entries are dropped, so that a later version can add some.
 *
 * @throws TypeError if the text is no recording, naming the line.
 */
export function parseRecording(text: string): Recording {
  const lines = text.replace(/^\uFEFF/, "").split("\n")
  const unfinished = lines.pop()
  const head = jsonOf(lines[0] ?? "", 1)
  if (head["format"] !== FORMAT) throw new TypeError("Cannot read recording: line 1 must be its head")
  if (head["version"] !== 1) throw new TypeError("Cannot read recording: its version must be 1")
  const entries = lines.slice(1).flatMap((line, at) => entryOf(jsonOf(line, at + 2), at + 2))
  return { version: 1, entries: [...entries, ...lastEntry(unfinished, lines.length + 1)] }
}

function lastEntry(line: string | undefined, number: number): RecordingEntry[] {
  try {
    return line ? entryOf(jsonOf(line, number), number) : []
  } catch {
    return []
  }
}

type Fields = Readonly<Record<string, unknown>>

/** The members of each type of entry besides `at`, and their types; `?` marks one that may be missing. */
const MEMBERS: Readonly<Record<RecordingEntry["type"], Readonly<Record<string, string>>>> = {
  request: { request: "number", method: "string", url: "string", headers: "object", body: "string?" },
  response: { request: "number", status: "number", headers: "object" },
  chunk: { request: "number", text: "string?", base64: "string?" },
  end: { request: "number" },
  error: { request: "number", name: "string", code: "string?" },
  cancel: { request: "number" },
  state: { state: "string" },
  retry: { attempt: "number", delay: "number", name: "string", code: "string", phase: "string?" },
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
  const members = Object.hasOwn(MEMBERS, type) ? MEMBERS[type] : undefined
  if (members === undefined) return []
  for (const [name, kind] of Object.entries({ at: "number", ...members })) {
    const value = fields[name]
    if (value === undefined ? kind.endsWith("?") : kind.startsWith(typeof value) && value !== null) continue
    throw new TypeError(`Cannot read recording: "${name}" in line ${number} must be a ${kind.replace("?", "")}`)
  }
  if (type !== "chunk") return [fields as unknown as RecordingEntry]
  const { at, request, text, base64 } = fields as Record<"at" | "request", number> & Record<"text" | "base64", string>
  return [
    { type, at, request, bytes: text === undefined ? fromBase64(base64, number) : new TextEncoder().encode(text) },
  ]
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
