/* What is linted: the responses of a recording, or a body alone. */
import { Buffer } from "node:buffer"
import {
  type CancelEntry,
  type ChunkEntry,
  type EndEntry,
  type ErrorEntry,
  parseRecording,
  type Recording,
  type RequestEntry,
  type ResponseEntry,
} from "../../testing/index.ts"

/** A chunk of a body and when it arrived, in milliseconds. */
export interface LintedChunk {
  readonly at: number
  readonly bytes: Uint8Array
}

/** One request and its response. A body from a plain file has no head and no times. */
export interface LintedResponse {
  /** The number of the request in its recording. */
  readonly number: number
  /** Whether anything of the response arrived. */
  readonly hasArrived: boolean
  readonly head:
    | { readonly at: number; readonly status: number; readonly headers: Readonly<Record<string, string>> }
    | undefined
  readonly chunks: readonly LintedChunk[]
  /** Whether the recording has a later request of the same URL, which goes on with the stream. */
  readonly isRetried: boolean
  /** Whether it is a redirect and the recording has a later request of its location. */
  readonly isFollowed: boolean
  /** How it ended: `"cancel"` also if the recording ended before. */
  readonly end: "end" | "error" | "cancel"
  readonly endAt: number
  /** The code of the error that ended it, such as `ECONNREFUSED`. */
  readonly code?: string | undefined
}

/**
 * Returns the responses of a file: a recording, or the text of one event stream.
 *
 * @throws TypeError if the file is neither.
 */
export function responsesOf(bytes: Uint8Array): LintedResponse[] {
  const start = new TextDecoder().decode(bytes.subarray(0, 200))
  if (/^\s*\{.*"steadystream-recording"/s.test(start)) return recordedResponsesOf(parseRecording(bytes))
  if (start.startsWith("\u001F\uFFFD")) throw new TypeError("Cannot read stream: the file must not be compressed")
  if (start.slice(0, 8).includes("\0")) throw new TypeError("Cannot read stream: the file must be in UTF-8, not UTF-16")
  return [
    {
      number: 0,
      hasArrived: true,
      isRetried: false,
      isFollowed: false,
      head: undefined,
      chunks: [{ at: 0, bytes }],
      end: "end",
      endAt: 0,
    },
  ]
}

/** The entries of one request. */
interface Exchange {
  /** `undefined` if only a response was recorded. */
  request?: RequestEntry
  head?: ResponseEntry
  readonly chunks: ChunkEntry[]
  last?: EndEntry | ErrorEntry | CancelEntry
}

/** Returns the requests of a recording, with their responses. Each entry is read once. */
export function recordedResponsesOf({ entries }: Recording): LintedResponse[] {
  const exchanges = new Map<number, Exchange>()
  let lastAt = 0
  for (const entry of entries) {
    lastAt = entry.at
    if (!("request" in entry)) continue
    let exchange = exchanges.get(entry.request)
    if (exchange === undefined) exchanges.set(entry.request, (exchange = { chunks: [] }))
    if (entry.type === "response") exchange.head = entry
    else if (entry.type === "chunk") exchange.chunks.push(entry)
    else if (entry.type === "request") exchange.request = entry
    else exchange.last = entry
  }
  const lastOf = new Map<string, number>()
  for (const [number, { request }] of exchanges) {
    if (request === undefined) continue
    lastOf.set(keyOf(request), number)
    lastOf.set(request.url, number)
  }
  return [...exchanges].map(([number, { request, head, chunks, last }]) => {
    const isRetried = request !== undefined && lastOf.get(keyOf(request)) !== number
    const isFollowed = (lastOf.get(targetOf(request, head) ?? "") ?? number) > number
    const error = last?.type === "error" && last.name !== "AbortError" ? last : undefined
    const end = error === undefined && last?.type !== "end" ? "cancel" : (last!.type as "end" | "error")
    const hasArrived = head !== undefined || chunks.length > 0
    const endAt = last?.at ?? lastAt
    return { number, hasArrived, isRetried, isFollowed, head, chunks, end, endAt, code: error?.code }
  })
}

function keyOf({ method, url }: RequestEntry): string {
  return `${method} ${url}`
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** The URL that a response redirects to, `undefined` if it is no redirect. */
function targetOf(request?: RequestEntry, head?: ResponseEntry): string | undefined {
  const location = head?.headers["location"]
  if (location === undefined || !REDIRECTS.has(head!.status)) return undefined
  return URL.canParse(location, request?.url) ? new URL(location, request?.url).href : undefined
}

/** Returns the whole body of a response. */
export function bodyOf({ chunks }: LintedResponse): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(chunks.map(({ bytes }) => bytes)))
}
