/* What is written is read as the same event, and no value can become another field or another event. */
import { encodeComment, encodeEvent, encodeRetry, SseEncoderStream, type SseEventInit, SseParser } from "steadystream"
import { equal, ok, rejection } from "../checks.ts"
import { needs, type SuiteCases } from "../suite.ts"

const TEXTS: readonly string[] = [
  "",
  "a",
  " leading",
  "trailing ",
  "a\nb",
  "\n",
  "a\n\n\nb",
  "data: forged\n\ndata: second",
  "id: 1",
  ": comment",
  "\uFEFFa",
  "\u0000",
  "✓ é 😀 日本語",
  "\u2028\u2029\u0085\v\f",
]

const REFUSED: Readonly<Record<string, unknown>> = {
  "LF in the event": { event: "a\nb", data: "c" },
  "CR in the event": { event: "a\rb", data: "c" },
  "LF in the ID": { id: "1\ndata: forged", data: "c" },
  "CR in the ID": { id: "1\rdata: forged", data: "c" },
  "NUL in the ID": { id: "1\u0000", data: "c" },
  "data that is no text": { data: 1 },
  "a comment that is no text": { comment: {} },
  "a retry below 0": { retry: -1 },
  "a retry that is no integer": { retry: 1.5 },
  "a retry that is too large": { retry: 2 ** 31 },
  "an unknown field": { data: "a", dta: "b" },
  "an event without a field": {},
}

function read(text: string): { events: unknown[]; comments: string[]; retries: number[] } {
  const events: unknown[] = []
  const comments: string[] = []
  const retries: number[] = []
  new SseParser({
    onEvent: ({ event, data, id }) => events.push({ event, data, id }),
    onComment: (comment) => comments.push(comment),
    onRetry: (ms) => retries.push(ms),
  }).feed(text)
  return { events, comments, retries }
}

const refusals: SuiteCases = Object.fromEntries(
  Object.entries(REFUSED).map(([what, init]) => [
    `encodeEvent refuses ${what}`,
    async () => {
      const error = await rejection(() => encodeEvent(init as SseEventInit))
      ok(error instanceof TypeError || error instanceof RangeError, `${String(error)} is a TypeError or a RangeError`)
    },
  ]),
)

export const encoder: SuiteCases = {
  "encodeEvent writes text that is read as the same data": () => {
    for (const data of TEXTS) equal(read(encodeEvent({ data })).events, [{ event: "message", data, id: undefined }])
  },
  "encodeEvent writes an event's name and ID that are read as the same": () => {
    for (const text of TEXTS.filter((one) => one !== "" && !/[\n\0]/.test(one))) {
      const { events } = read(encodeEvent({ event: text, id: text, data: text }))
      equal(events, [{ event: text, data: text, id: text }])
    }
  },
  "encodeEvent writes CR and CRLF as one line end": () => {
    equal(read(encodeEvent({ data: "a\rb\r\nc" })).events, [{ event: "message", data: "a\nb\nc", id: undefined }])
  },
  ...refusals,
  "encodeComment and encodeRetry write blocks without an event": () => {
    const { events, comments, retries } = read(encodeComment("a\nb") + encodeRetry(3000))
    equal([events, comments, retries], [[], ["a", "b"], [3000]])
  },
  "the encoder's stream writes the bytes of each event, and fails at an event that is not valid": async () => {
    needs(typeof TransformStream === "function", "it has no TransformStream")
    const stream = new SseEncoderStream()
    const writer = stream.writable.getWriter()
    const reader = stream.readable.getReader()
    void writer.write({ data: "é😀" }).catch(() => {})
    equal(new TextDecoder().decode((await reader.read()).value), "data: é😀\n\n")
    void writer.write({ id: "1\n", data: "a" }).catch(() => {})
    const error = await rejection(() => reader.read())
    equal(error.name, "TypeError")
  },
}
