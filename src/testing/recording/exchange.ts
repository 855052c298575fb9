/* The entries of a recording by request: what was asked, and what came. */
import type {
  CancelEntry,
  ChunkEntry,
  EndEntry,
  ErrorEntry,
  Recording,
  RequestEntry,
  RecordingEntry,
  ResponseEntry,
} from "./recording.ts"

export interface Exchange {
  readonly number: number
  /** When it began. */
  start: number
  request: RequestEntry | undefined
  response: ResponseEntry | undefined
  readonly chunks: ChunkEntry[]
  /** `undefined` if the recording ended before. */
  end: EndEntry | ErrorEntry | CancelEntry | undefined
}

/** What a server said of its own connection, which another does not repeat. */
const CONNECTION: ReadonlySet<string> = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "transfer-encoding",
])

/** Returns the headers that a server may send with a recorded body, which has no content encoding anymore. */
export function headersToSend(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !CONNECTION.has(name.toLowerCase())))
}

/** @throws TypeError if `recording` is none. */
export function entriesOf(recording: Recording): readonly RecordingEntry[] {
  const entries: unknown = (recording as Partial<Recording> | null | undefined)?.entries
  if (!Array.isArray(entries)) {
    throw new TypeError('Cannot use recording: "entries" must be an array, as parseRecording() returns it')
  }
  for (const entry of entries) checkEntry(entry)
  return entries as readonly RecordingEntry[]
}

/** @throws TypeError if `entry` is none, or a chunk without bytes, such as a line of the format. */
export function checkEntry(entry: unknown): void {
  const { type, bytes } = (entry ?? {}) as { readonly type?: unknown; readonly bytes?: unknown }
  if (typeof type !== "string") throw new TypeError('Cannot use recording: each entry must have a "type"')
  if (type === "chunk" && !(bytes instanceof Uint8Array)) {
    throw new TypeError('Cannot use recording: each chunk must have "bytes", as parseRecording() returns them')
  }
}

/**
 * Returns the requests of a recording in their order.
 *
 * @throws TypeError if `recording` is none.
 */
export function exchangesOf(recording: Recording): Exchange[] {
  const exchanges = new Map<number, Exchange>()
  for (const entry of entriesOf(recording)) {
    if (!("request" in entry)) continue
    const { request: number, at } = entry
    let exchange = exchanges.get(number)
    if (exchange === undefined) {
      exchange = { number, start: at, request: undefined, response: undefined, chunks: [], end: undefined }
      exchanges.set(number, exchange)
    }
    if (entry.type === "request") exchange.request = entry
    else if (entry.type === "response") exchange.response = entry
    else if (entry.type === "chunk") exchange.chunks.push(entry)
    else exchange.end = entry
  }
  return [...exchanges.values()]
}
