import { describe, expect, test } from "vitest"
import { type ChoiceSnapshot, readChatCompletions, readCompletions, relay, toChatCompletion } from "steadystream/openai"
import { foldDeltas } from "./folding.ts"
import { all, chat, DONE, events } from "../reading/scripted-source.ts"

const STOP = events(chat({}, "stop"))
const calls = (choice: ChoiceSnapshot) => choice.toolCalls.map(({ name, arguments: input }) => [name, input])

describe("fields that only some providers send", () => {
  const image = { type: "image_url", image_url: { url: "data:image/png;base64,AA==" } }
  const citation = { type: "url_citation", url_citation: { url: "https://example.com/" } }
  const filter = { hate: { filtered: false, severity: "safe" } }
  const chunk = {
    ...chat({}),
    choices: [
      {
        index: 0,
        delta: { content: "Hi", images: [image], annotations: [citation], signature: "sig-1" },
        content_filter_results: filter,
        finish_reason: "stop",
        matched_stop: 151645,
      },
    ],
  }

  test("readChatCompletions() keeps images and annotations of a delta", async () => {
    const { choices } = await readChatCompletions(events(chunk) + DONE).collect()
    expect(choices[0]).toMatchObject({ images: [image], annotations: [citation] })
  })

  test("readChatCompletions() keeps the images of every delta", async () => {
    const other = { ...image, image_url: { url: "data:image/png;base64,BB==" } }
    expect(await foldDeltas({ images: [image] }, { images: [other] })).toMatchObject({ images: [image, other] })
  })

  test("readChatCompletions() keeps other members of a delta and of a choice in extra", async () => {
    const { choices } = await readChatCompletions(events(chunk) + DONE).collect()
    expect(choices[0]).toMatchObject({
      extra: { signature: "sig-1", content_filter_results: filter, matched_stop: 151645 },
    })
  })

  test("toChatCompletion() writes everything that the provider sent", async () => {
    const completion = toChatCompletion(await readChatCompletions(events(chunk) + DONE).collect())
    expect(completion.choices[0]!.message).toMatchObject({ images: [image], annotations: [citation] })
    expect(JSON.stringify(completion)).toContain("sig-1")
    expect(JSON.stringify(completion)).toContain('"matched_stop":151645')
    expect(JSON.stringify(completion)).toContain('"severity":"safe"')
  })

  test("relay() keeps images and annotations of a delta in its snapshot", async () => {
    const answer = relay(events(chunk) + DONE)
    await new Response(answer.toReadableStream()).text()
    expect(answer.snapshot.choices[0]).toMatchObject({ images: [image], annotations: [citation] })
  })

  test("readCompletions() keeps other members of a choice in extra", async () => {
    const text = { id: "c", choices: [{ index: 0, text: "Hi", finish_reason: "stop", matched_stop: 2 }] }
    const { choices } = await readCompletions(events(text) + DONE).collect()
    expect(choices[0]).toMatchObject({ extra: { matched_stop: 2 } })
  })

  test("toChatCompletion() writes other fields of the chunks", async () => {
    const body = events({ ...chat({ content: "Hi" }, "stop"), citations: ["https://example.com/"] }) + DONE
    expect(toChatCompletion(await readChatCompletions(body).collect())).toMatchObject({
      citations: ["https://example.com/"],
    })
  })

  test.each([
    ["reasoning_text", { reasoning_text: "Hm" }],
    ["reasoning_details with text", { reasoning_details: [{ type: "reasoning.text", text: "Hm" }] }],
    ["reasoning_details with a summary", { reasoning_details: [{ type: "reasoning.summary", summary: "Hm" }] }],
    ["thinking", { thinking: "Hm" }],
  ])("readChatCompletions() reads reasoning from %s", async (_, delta) => {
    expect((await foldDeltas(delta)).reasoning).toBe("Hm")
  })

  test("readChatCompletions() reads reasoning once if reasoning_details repeats it", async () => {
    const delta = { reasoning: "Hm", reasoning_details: [{ type: "reasoning.text", text: "Hm" }] }
    expect((await foldDeltas(delta)).reasoning).toBe("Hm")
  })

  test("firstContent counts reasoning_text as content", async () => {
    const chunks = readChatCompletions(events(chat({ reasoning_text: "Hm" })) + STOP + DONE)
    await chunks.collect()
    expect((await chunks.ended).firstContentMs).not.toBeNull()
  })
})

describe("a whole completion as one event", () => {
  const tool = { id: "a", type: "function", function: { name: "f", arguments: "{}" } }
  const whole = {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model: "m",
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: "Hello", reasoning_content: "Hm", tool_calls: [tool] },
        finish_reason: "tool_calls",
      },
    ],
  }
  const expected = { content: "Hello", reasoning: "Hm", finishReason: "tool_calls" }

  test("readChatCompletions() reads a message in place of a delta", async () => {
    const { choices } = await readChatCompletions(events(whole) + DONE).collect()
    expect(choices).toMatchObject([expected])
    expect(calls(choices[0]!)).toEqual([["f", "{}"]])
  })

  test("relay() reads a message in place of a delta", async () => {
    const answer = relay(events(whole) + DONE)
    await new Response(answer.toReadableStream()).text()
    expect(answer.snapshot.choices).toMatchObject([expected])
  })

  test("textDeltas() returns the text of a message in place of a delta", async () => {
    expect(await all(readChatCompletions(events(whole) + DONE).textDeltas())).toEqual(["Hello"])
  })

  test.each([{}, { role: "assistant" }, { role: "assistant", content: "" }, { content: null, tool_calls: [] }])(
    "readChatCompletions() reads a message beside the empty delta %j",
    async (delta) => {
      const beside = { ...whole, choices: whole.choices.map((choice) => ({ ...choice, delta })) }
      const chunks = readChatCompletions(events(beside) + DONE)
      expect(await all(chunks.textDeltas())).toEqual(["Hello"])
      expect(chunks.snapshot.choices).toMatchObject([expected])
      expect(calls(chunks.snapshot.choices[0]!)).toEqual([["f", "{}"]])
    },
  )

  test("readChatCompletions() does not add a message beside each delta with the text so far", async () => {
    const beside = (content: string, sum: string, finish: string | null = null) => ({
      ...whole,
      choices: [{ index: 0, delta: { role: "assistant", content }, message: { content: sum }, finish_reason: finish }],
    })
    const chunks = readChatCompletions(events(beside("Hel", "Hel"), beside("lo", "Hello"), beside("", "Hello", "stop")))
    expect((await all(chunks.textDeltas())).join("")).toBe("Hello")
    expect(chunks.snapshot.choices[0]!.content).toBe("Hello")
  })

  test("readChatCompletions() does not add a message that repeats the deltas", async () => {
    const last = { ...whole, choices: [{ index: 0, message: { content: "Hello" }, finish_reason: "stop" }] }
    const body = events(chat({ content: "Hel" }), chat({ content: "lo" }), last) + DONE
    const chunks = readChatCompletions(body)
    expect((await all(chunks.textDeltas())).join("")).toBe("Hello")
    expect(chunks.snapshot.choices[0]).toMatchObject({ content: "Hello", finishReason: "stop" })
  })
})

describe("odd indices of choices", () => {
  const at = (index: unknown, delta: object, finish: string | null = null) => ({
    id: "c",
    choices: [{ index, delta, finish_reason: finish }],
  })
  test.each(["0", -1, 0.5, 1, null, undefined, "x"])(
    "textDeltas() and the snapshot agree if a sole choice has the index %j",
    async (index) => {
      const chunks = readChatCompletions(
        events(at(index, { content: "Hel" }), at(index, { content: "lo" }), at(index, {}, "stop")) + DONE,
      )
      const text = (await all(chunks.textDeltas())).join("")
      const { choices } = chunks.snapshot
      expect(choices).toHaveLength(1)
      expect([text, choices[0]!.content, choices[0]!.finishReason]).toEqual(["Hello", "Hello", "stop"])
    },
  )

  test.each(["0", -1, 0.5, 1])(
    "textDeltas() and the snapshot of a text completion agree if a sole choice has the index %j",
    async (index) => {
      const body = events({ id: "c", choices: [{ index, text: "Hello", finish_reason: "stop" }] }) + DONE
      const chunks = readCompletions(body)
      const text = (await all(chunks.textDeltas())).join("")
      expect([text, chunks.snapshot.choices.map((choice) => choice.text)]).toEqual(["Hello", ["Hello"]])
    },
  )
})

describe("members without a type", () => {
  const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`

  test.each(["usage", "odd"])("readChatCompletions() drops %s that is nested too deeply", async (name) => {
    const chunks = readChatCompletions(`data: {"choices":[],"${name}":${nested(5_000)}}\n\n${STOP}${DONE}`)
    const snapshot = await chunks.collect()
    expect([snapshot.usage, Object.keys(snapshot.extra)]).toEqual([null, []])
    expect(toChatCompletion(snapshot).choices).toHaveLength(1)
  })

  test("readChatCompletions() keeps a bounded number of members in extra", async () => {
    const list = `[${"{},".repeat(999_999)}{}]`
    const { choices, extra } = await readChatCompletions(
      `data: {"odd":${list},"choices":[{"index":0,"delta":{"more":${list}}}]}\n\n${STOP}${DONE}`,
    ).collect()
    expect(extra).toEqual({})
    expect((choices[0]!.extra!["more"] as unknown[]).length).toBeLessThan(400_000)
  })

  test("readChatCompletions() drops logprobs that are no tokens", async () => {
    const chunk = { choices: [{ index: 0, delta: {}, logprobs: { content: [{}, { token: "a", logprob: 0 }] } }] }
    const { choices } = await readChatCompletions(events(chunk) + STOP + DONE).collect()
    expect(choices[0]!.logprobs!.content).toEqual([{ token: "a", logprob: 0 }])
  })
})
