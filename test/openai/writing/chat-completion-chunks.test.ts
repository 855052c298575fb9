import { describe, expect, test } from "vitest"
import { type AnswerDelta, type ChatCompletionChunk, chatCompletionChunks, responseEvents } from "steadystream/openai"
import { ManualClock } from "steadystream/testing"
import { failing, ManualSource, settle } from "./stream-reading.ts"

const FRAME = { id: "chatcmpl-1", created: 1_700_000_000, model: "parrot" }

async function built(deltas: Parameters<typeof chatCompletionChunks>[0], options = {}): Promise<ChatCompletionChunk[]> {
  const chunks: ChatCompletionChunk[] = []
  for await (const chunk of chatCompletionChunks(deltas, { ...FRAME, ...options })) chunks.push(chunk)
  return chunks
}

/** The choices of the chunks, without the envelope. */
function choicesOf(chunks: readonly ChatCompletionChunk[]) {
  return chunks.flatMap(({ choices }) => choices!.map(({ index, delta, finish_reason: end }) => [index, delta, end]))
}

/** The ids of an answer and of its tool call. */
async function idsOf(options: object): Promise<(string | null | undefined)[]> {
  const chunks: ChatCompletionChunk[] = []
  for await (const chunk of chatCompletionChunks([{ toolCall: { name: "f" } }], options)) chunks.push(chunk)
  return [chunks[0]!.id, chunks[1]!.choices![0]!.delta!.tool_calls![0]!.id]
}

const ROLE = [0, { role: "assistant", content: "" }, null]

describe("chatCompletionChunks()", () => {
  test.each([
    ["chatCompletionChunks()", () => chatCompletionChunks(["a"])],
    ["responseEvents()", () => responseEvents(["a"])],
  ])("%s throws at a second loop, after the first one has ended", async (_, build) => {
    const items: AsyncIterableIterator<object> = build()
    for await (const item of items) expect(item).toBeTypeOf("object")
    await expect(
      (async () => {
        for await (const item of items) expect(item).toBeUndefined()
      })(),
    ).rejects.toThrow("the iterator must have only one consumer")
  })

  test("chatCompletionChunks() yields the role, the text and a finish reason, each in the same envelope", async () => {
    const chunks = await built(["Hel", "", "lo"])
    const frame = { ...FRAME, object: "chat.completion.chunk" }
    const choice = { index: 0, logprobs: null, finish_reason: null }
    expect(chunks).toEqual([
      { ...frame, choices: [{ ...choice, delta: { role: "assistant", content: "" } }] },
      { ...frame, choices: [{ ...choice, delta: { content: "Hel" } }] },
      { ...frame, choices: [{ ...choice, delta: { content: "lo" } }] },
      { ...frame, choices: [{ ...choice, delta: {}, finish_reason: "stop" }] },
    ])
  })

  test("chatCompletionChunks() accepts an answer in one piece, and an empty one", async () => {
    expect(choicesOf(await built("Hello"))).toEqual([ROLE, [0, { content: "Hello" }, null], [0, {}, "stop"]])
    expect(choicesOf(await built([]))).toEqual([ROLE, [0, {}, "stop"]])
  })

  test("chatCompletionChunks() puts several members of a delta in one chunk, and reasoning under the chosen name", async () => {
    const deltas = [{ text: "t", reasoning: "r", refusal: "f" }]
    expect(choicesOf(await built(deltas))[1]).toEqual([0, { content: "t", reasoning_content: "r", refusal: "f" }, null])
    expect(choicesOf(await built(deltas, { reasoningField: "reasoning" }))[1]![1]).toMatchObject({ reasoning: "r" })
  })

  test("chatCompletionChunks() writes the index, id and type of a tool call once, and ends with tool_calls", async () => {
    const deltas: AnswerDelta[] = [
      { toolCall: { id: "call_1", name: "weather", arguments: '{"ci' } },
      { toolCall: { arguments: 'ty":"Oslo"}' } },
      { toolCall: { id: "call_2", name: "time", arguments: { zone: "CET" } } },
    ]
    expect(choicesOf(await built(deltas))).toEqual([
      ROLE,
      [
        0,
        {
          tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name: "weather", arguments: '{"ci' } }],
        },
        null,
      ],
      [0, { tool_calls: [{ index: 0, function: { arguments: 'ty":"Oslo"}' } }] }, null],
      [
        0,
        {
          tool_calls: [
            { index: 1, id: "call_2", type: "function", function: { name: "time", arguments: '{"zone":"CET"}' } },
          ],
        },
        null,
      ],
      [0, {}, "tool_calls"],
    ])
  })

  test("chatCompletionChunks() separates interleaved calls by index or id", async () => {
    const deltas: AnswerDelta[] = [
      { toolCall: { index: 7, id: "a", name: "one" } },
      { toolCall: { index: 3, id: "b", name: "two" } },
      { toolCall: { index: 7, arguments: "1" } },
      { toolCall: { id: "b", arguments: "2" } },
    ]
    const calls = (await built(deltas)).flatMap(({ choices }) => choices![0]!.delta!.tool_calls ?? [])
    expect(calls.map((call) => [call.index, call.id, call.function])).toEqual([
      [0, "a", { name: "one", arguments: "" }],
      [1, "b", { name: "two", arguments: "" }],
      [0, undefined, { arguments: "1" }],
      [1, undefined, { arguments: "2" }],
    ])
  })

  test("chatCompletionChunks() writes a role and a finish reason for each choice", async () => {
    const deltas: AnswerDelta[] = [
      { choice: 1, text: "b" },
      { choice: 0, text: "a", finishReason: "length" },
      { choice: 1, toolCall: { id: "c", name: "f" } },
    ]
    const ends = choicesOf(await built(deltas)).filter(([, , end]) => end !== null)
    expect(ends).toEqual([
      [0, {}, "length"],
      [1, {}, "tool_calls"],
    ])
    await expect(built([{ choice: -1, text: "x" }])).rejects.toThrow(TypeError)
  })

  test("chatCompletionChunks() ends with the usage in a chunk without choices", async () => {
    const usage = { inputTokens: 3, outputTokens: 4, cachedTokens: 1, reasoningTokens: 2 }
    const written = {
      prompt_tokens: 3,
      completion_tokens: 4,
      total_tokens: 7,
      prompt_tokens_details: { cached_tokens: 1 },
      completion_tokens_details: { reasoning_tokens: 2 },
    }
    const chunks = await built(["a", { usage }])
    expect(chunks.at(-1)).toEqual({ ...FRAME, object: "chat.completion.chunk", choices: [], usage: written })
    expect(chunks.slice(0, -1).some((chunk) => "usage" in chunk)).toBe(false)
  })

  test("chatCompletionChunks() writes usage as the request wants it", async () => {
    const usage = { inputTokens: 3, outputTokens: 4, totalTokens: 8 }
    const asked = await built(["a", { usage }], { includeUsage: true })
    expect(asked.map((chunk) => chunk.usage?.total_tokens ?? chunk.usage)).toEqual([null, null, null, 8])
    const not = await built(["a", { usage }], { includeUsage: false })
    expect(not.some((chunk) => "usage" in chunk)).toBe(false)
    expect((await built(["a"], { includeUsage: true })).map((chunk) => chunk.usage)).toEqual([null, null, null])
  })

  test("chatCompletionChunks() yields the role before it reads a delta", async () => {
    const source = new ManualSource<string>()
    const chunks = chatCompletionChunks(source)
    expect((await chunks.next()).value?.choices?.[0]?.delta?.role).toBe("assistant")
    expect(source.asked).toBe(0)
  })

  test("chatCompletionChunks() makes its own random ids", async () => {
    const clock = new ManualClock({ random: () => 0.5 })
    const [first, second] = [await idsOf({}), await idsOf({})]
    expect(first[0]).toMatch(/^chatcmpl-[0-9a-z]{24}$/)
    expect(first[1]).toMatch(/^call_[0-9a-z]{24}$/)
    expect(first[0]).not.toBe(second[0])
    expect(await idsOf({ clock })).toEqual(await idsOf({ clock }))
  })

  test("chatCompletionChunks() stops the deltas at once when the consumer leaves, also while it waits for one", async () => {
    const source = new ManualSource<string>()
    const chunks = chatCompletionChunks(source)
    await chunks.next()
    const waiting = chunks.next()
    await settle()
    await chunks.return!()
    expect(source.returned).toBe(1)
    source.send("late")
    expect(await waiting).toEqual({ done: true, value: undefined })
    expect(await chunks.next()).toEqual({ done: true, value: undefined })
  })

  test("chatCompletionChunks() rethrows the error of the deltas once", async () => {
    const error = new Error("no GPU")
    const chunks = chatCompletionChunks(failing(["a"], error))
    await chunks.next()
    await chunks.next()
    await expect(chunks.next()).rejects.toBe(error)
    expect(await chunks.next()).toEqual({ done: true, value: undefined })
  })

  test("chatCompletionChunks() rejects a call without a name, an invalid delta and an invalid source", async () => {
    await expect(built([{ toolCall: { arguments: "{}" } }])).rejects.toThrow(
      new TypeError('Cannot build answer: the first piece of a tool call must have a "name"'),
    )
    await expect(built([1 as never])).rejects.toThrow(TypeError)
    expect(() => chatCompletionChunks(7 as never)).toThrow(TypeError)
  })
})
