import { ChatCompletionStream } from "openai/lib/ChatCompletionStream"
import { ResponseStream } from "openai/lib/responses/ResponseStream"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  type AnswerDelta,
  chatCompletionChunks,
  encodeChunks,
  readChatCompletions,
  readResponses,
  relay,
  responseEvents,
} from "steadystream/openai"

/** Any text, lone surrogates and line ends included. */
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom("a", "\n", "\r", "\u2028", "\uD83D", "\uDE00", "data: [DONE]", '"', "\\", ":") }),
)
/** A call, whole, cut into pieces. */
const call = fc.tuple(fc.stringMatching(/^[a-z]{1,8}$/), fc.array(text, { maxLength: 4 }))
const step = fc.oneof(
  { weight: 4, arbitrary: text.map((value) => ({ text: value })) },
  { weight: 1, arbitrary: text.map((value) => ({ reasoning: value })) },
  { weight: 1, arbitrary: text.map((value) => ({ refusal: value })) },
  { weight: 2, arbitrary: call.map((value) => ({ call: value })) },
)
type Step = { text?: string; reasoning?: string; refusal?: string; call?: [string, string[]] }
const answers = fc.array<Step>(step, { maxLength: 12 })

function deltasOf(steps: readonly Step[]): AnswerDelta[] {
  return steps.flatMap(({ call: made, ...piece }, index): AnswerDelta[] => {
    if (made === undefined) return [piece]
    const [name, pieces] = made
    const id = `call_${index}`
    return [{ toolCall: { id, name } }, ...pieces.map((json) => ({ toolCall: { arguments: json } }))]
  })
}

/** The answer that the steps add up to. */
function sumOf(steps: readonly Step[]) {
  const join = (name: "text" | "reasoning" | "refusal") => steps.map((each) => each[name] ?? "").join("")
  const calls = steps.flatMap(({ call: made }) => (made === undefined ? [] : [[made[0], made[1].join("")]]))
  return { text: join("text"), reasoning: join("reasoning"), refusal: join("refusal"), calls }
}

function linesOf(chunks: AsyncIterable<object>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  const iterator = chunks[Symbol.asyncIterator]()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next()
      if (done === true) controller.close()
      else controller.enqueue(encoder.encode(`${JSON.stringify(value)}\n`))
    },
  })
}

describe("chatCompletionChunks()", () => {
  test("chatCompletionChunks() builds chunks that our reader adds up to the same answer, also through a relay", async () => {
    await fc.assert(
      fc.asyncProperty(answers, fc.boolean(), async (steps, relayed) => {
        const body = encodeChunks(chatCompletionChunks(deltasOf(steps)))
        const stream = readChatCompletions(relayed ? relay(body).toReadableStream() : body)
        const { choices } = await stream.collect()
        const expected = sumOf(steps)
        expect(choices).toHaveLength(1)
        expect(choices[0]!.content ?? "").toBe(expected.text)
        expect(choices[0]!.reasoning ?? "").toBe(expected.reasoning)
        expect(choices[0]!.refusal ?? "").toBe(expected.refusal)
        expect(choices[0]!.toolCalls.map(({ name, arguments: json }) => [name, json])).toEqual(expected.calls)
        expect((await stream.ended).reason).toBe("done")
      }),
    )
  })

  test("chatCompletionChunks() builds chunks that the official client adds up to the same answer", async () => {
    await fc.assert(
      fc.asyncProperty(answers, async (steps) => {
        const stream = ChatCompletionStream.fromReadableStream(linesOf(chatCompletionChunks(deltasOf(steps))))
        const { choices } = await stream.finalChatCompletion()
        const expected = sumOf(steps)
        expect(choices[0]!.message.content ?? "").toBe(expected.text)
        expect(choices[0]!.message.refusal ?? "").toBe(expected.refusal)
        const calls = choices[0]!.message.tool_calls ?? []
        expect(calls.map((made) => "function" in made && [made.function.name, made.function.arguments])).toEqual(
          expected.calls,
        )
      }),
    )
  })
})

describe("responseEvents()", () => {
  test("responseEvents() builds events that our reader adds up to the same answer", async () => {
    await fc.assert(
      fc.asyncProperty(answers, async (steps) => {
        const body = encodeChunks(responseEvents(deltasOf(steps)), { dialect: "responses" })
        const stream = readResponses(body)
        const snapshot = await stream.collect()
        const expected = sumOf(steps)
        expect([snapshot.status, snapshot.text, snapshot.reasoning, snapshot.refusal]).toEqual([
          "completed",
          expected.text,
          expected.reasoning,
          expected.refusal,
        ])
        const { output } = snapshot.final as { output: Record<string, unknown>[] }
        const calls = output.filter(({ type }) => type === "function_call")
        expect(calls.map((made) => [made["name"], made["arguments"]])).toEqual(expected.calls)
      }),
    )
  })

  test("responseEvents() builds events that the official client adds up to the same response", async () => {
    await fc.assert(
      fc.asyncProperty(answers, async (steps) => {
        const stream = ResponseStream.fromReadableStream(linesOf(responseEvents(deltasOf(steps))))
        let snapshot: unknown
        stream.on("event", (event) => {
          if (event.type === "response.completed") snapshot = event.response
        })
        const response = await stream.finalResponse()
        expect(response.output_text).toBe(sumOf(steps).text)
        expect(snapshot).toMatchObject({ status: "completed" })
      }),
    )
  })
})
