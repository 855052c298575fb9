/* What is linted: the responses of a recording, or a body alone. */
import { parseRecording, type Recording } from "../../testing/index.ts"

/** A chunk of a body and when it arrived, in milliseconds. */
export interface LintedChunk {
  readonly at: number
  readonly bytes: Uint8Array
}

/** One response. A body from a plain file has no head and no times. */
export interface LintedResponse {
  readonly head:
    | { readonly at: number; readonly status: number; readonly headers: Readonly<Record<string, string>> }
    | undefined
  readonly chunks: readonly LintedChunk[]
  /** How it ended: `"cancel"` also if the recording ended before. */
  readonly end: "end" | "error" | "cancel"
  readonly endAt: number
}

/** Returns the responses of a file: a recording, or the text of one event stream. */
export function responsesOf(bytes: Uint8Array): LintedResponse[] {
  const isRecording = new TextDecoder().decode(bytes.subarray(0, 200)).includes('"steadystream-recording"')
  if (isRecording) return recordedResponsesOf(parseRecording(new TextDecoder().decode(bytes)))
  return [{ head: undefined, chunks: [{ at: 0, bytes }], end: "end", endAt: 0 }]
}

/** Returns the responses of a recording. */
export function recordedResponsesOf({ entries }: Recording): LintedResponse[] {
  const numbers = new Set(entries.flatMap((entry) => (entry.type === "response" ? [entry.request] : [])))
  return [...numbers].map((number) => {
    const own = entries.filter((entry) => "request" in entry && entry.request === number)
    const head = own.find((entry) => entry.type === "response")
    const chunks = own.filter((entry) => entry.type === "chunk")
    const last = own.findLast(({ type }) => type === "end" || type === "error" || type === "cancel")
    const isStopped = last === undefined || (last.type === "error" && last.name === "AbortError")
    const end = isStopped ? "cancel" : (last.type as "end" | "error" | "cancel")
    return { head, chunks, end, endAt: last?.at ?? entries.at(-1)?.at ?? 0 }
  })
}

/** Returns the whole body of a response. */
export function bodyOf({ chunks }: LintedResponse): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(chunks.reduce((length, { bytes }) => length + bytes.length, 0))
  let at = 0
  for (const { bytes } of chunks) {
    body.set(bytes, at)
    at += bytes.length
  }
  return body
}
