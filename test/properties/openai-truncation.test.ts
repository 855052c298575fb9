import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { readChatCompletions, readCompletions, readResponses, relay } from "steadystream/openai"
import { silenceReports } from "../support/silence-reports.ts"

silenceReports()

/** Content that looks like the end of a stream. */
const word = fc.constantFrom(
  "[DONE]",
  "data: [DONE]\n\n",
  '"finish_reason":"stop"',
  "}",
  "é😀",
  "",
  "\n\n",
  '{"error":1}',
)

interface Answer {
  readonly payloads: object[]
  /** After how many payloads a clean end makes the answer whole, or Infinity if only the end mark does. */
  readonly wholeAt: number
}

const chatAnswers = fc
  .tuple(
    fc.integer({ min: 1, max: 3 }),
    fc.array(fc.tuple(fc.nat(2), word), { minLength: 1, maxLength: 6 }),
    fc.boolean(),
  )
  .map(([count, words, hasUsage]): Answer => {
    const chunk = (index: number, delta: object, finish: string | null) => ({
      id: "c",
      choices: [{ index, delta, finish_reason: finish }],
    })
    const indexes = Array.from({ length: count }, (_, index) => index)
    const opened = indexes.map((index) => chunk(index, { role: "assistant" }, null))
    const said = words.map(([index, content]) => chunk(index % count, { content }, null))
    const ended = indexes.map((index) => chunk(index, {}, "stop"))
    const payloads = [...opened, ...said, ...ended]
    return {
      payloads: hasUsage ? [...payloads, { choices: [], usage: { total_tokens: 3 } }] : payloads,
      wholeAt: payloads.length,
    }
  })

const completionAnswers = fc.array(word, { minLength: 1, maxLength: 6 }).map((words): Answer => ({
  payloads: [...words, ""].map((text, at) => ({
    choices: [{ index: 0, text, finish_reason: at === words.length ? "length" : null }],
  })),
  wholeAt: words.length + 1,
}))

const responseAnswers = fc.array(word, { minLength: 1, maxLength: 6 }).map((words): Answer => {
  const payloads = [
    { type: "response.created", response: { id: "r" } },
    ...words.map((delta) => ({ type: "response.output_text.delta", output_index: 0, delta })),
    { type: "response.completed", response: { id: "r", status: "completed" } },
  ]
  return { payloads, wholeAt: payloads.length }
})

const lineEnd = fc.constantFrom("\n", "\r\n", "\r")
const cut = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  reset: fc.boolean(),
  piece: fc.integer({ min: 1, max: 40 }),
})

interface Sent {
  readonly bytes: Uint8Array
  /** The number of bytes after which a clean end makes a whole answer. */
  readonly wholeFrom: number
  /** The number of bytes after which the answer has ended by its end mark. */
  readonly overFrom: number
}

function sent({ payloads, wholeAt }: Answer, end: string, mark: boolean): Sent {
  const encoder = new TextEncoder()
  const blocks = payloads.map((payload) => `data: ${JSON.stringify(payload)}${end}${end}`)
  const length = (count: number) => encoder.encode(blocks.slice(0, count).join("")).length
  const text = blocks.join("") + (mark ? `data: [DONE]${end}${end}` : "")
  const bytes = encoder.encode(text)
  // The last JSON and the end mark are whole even without the ends of their lines.
  return {
    bytes,
    wholeFrom: length(wholeAt) - 2 * end.length,
    overFrom: mark ? bytes.length - (end === "\r\n" ? 2 : 1) : length(wholeAt) - (end === "\r\n" ? 2 : 1),
  }
}

function bodyOf(bytes: Uint8Array, piece: number, reset: boolean): ReadableStream<Uint8Array> {
  let at = 0
  return new ReadableStream(
    {
      pull(controller) {
        if (at < bytes.length) return controller.enqueue(bytes.slice(at, (at += piece)))
        return reset ? controller.error(new TypeError("terminated")) : controller.close()
      },
    },
    { highWaterMark: 0 },
  )
}

const RUNS = 400

describe.each([
  { name: "readChatCompletions", answers: chatAnswers, read: readChatCompletions, dialect: "chat", mark: true },
  { name: "readCompletions", answers: completionAnswers, read: readCompletions, dialect: "completions", mark: true },
  { name: "readResponses", answers: responseAnswers, read: readResponses, dialect: "responses", mark: false },
] as const)("$name() and cut streams", ({ name, answers, read, dialect, mark }) => {
  test(`${name}() never reports a cut stream as a whole answer, for FIN or RST`, async () => {
    await fc.assert(
      fc.asyncProperty(answers, lineEnd, cut, async (answer, end, { at, reset, piece }) => {
        const { bytes, wholeFrom, overFrom } = sent(answer, end, mark)
        const length = Math.floor(at * bytes.length)
        const stream = (read as typeof readChatCompletions)(bodyOf(bytes.subarray(0, length), piece, reset))
        const failed = await stream.collect().then(
          () => false,
          () => true,
        )
        const { reason, error } = await stream.ended
        expect(failed).toBe(reason === "error")
        if (length < wholeFrom || (reset && length < overFrom)) expect(reason).toBe("error")
        if (failed) expect(error).toHaveProperty("partial", stream.snapshot)
      }),
      { numRuns: RUNS },
    )
  })

  test(`relay() of what ${name}() reads never writes the end mark for a cut stream`, async () => {
    await fc.assert(
      fc.asyncProperty(answers, lineEnd, cut, async (answer, end, { at, reset, piece }) => {
        const { bytes, wholeFrom, overFrom } = sent(answer, end, mark)
        const length = Math.floor(at * bytes.length)
        const body = bodyOf(bytes.subarray(0, length), piece, reset)
        const passed = relay(body, { dialect: dialect as "chat", keepAlive: 0 })
        const text = await new Response(passed.toReadableStream()).text()
        const isTold = text.includes('data: {"error":') || text.includes("event: error\n")
        const isEnded = text.endsWith("data: [DONE]\n\n") || text.includes('"type":"response.completed"')
        expect(isTold).not.toBe(isEnded)
        if (length < wholeFrom || (reset && length < overFrom)) expect(isTold).toBe(true)
        expect((await passed.ended).reason === "error").toBe(isTold)
      }),
      { numRuns: RUNS },
    )
  })
})
