import { SseMalformedError } from "steadystream"
import { readChatCompletions, readResponses, relay } from "steadystream/openai"
import { describe, expect, test } from "vitest"
import { chat, events, eventStream, HELLO, rejection, within, DONE, STOP } from "../../support/streams.ts"

const completed = (output: unknown[] = []) => ({
  type: "response.completed",
  response: { id: "resp_1", status: "completed", output },
})

describe("the end of a stream", () => {
  test.each(["d", "da", "dat", "data", "data:", "e", ":", ": keep", "\n"])(
    "readChatCompletions() takes an answer as whole if the stream is cut at %j after it",
    async (rest) => {
      const chunks = readChatCompletions(HELLO + rest)
      await chunks.collect()
      expect(await chunks.ended).toMatchObject({ reason: "finished" })
    },
  )
  test.each(["d", "dat"])("relay() takes an answer as whole if the stream is cut at %j after it", async (rest) => {
    const answer = relay(HELLO + rest)
    await new Response(answer.toReadableStream()).text()
    expect(await answer.ended).toMatchObject({ reason: "finished" })
  })

  const payload = JSON.stringify(chat({ content: "lost" }))
  test.each([
    ` data: ${payload}`,
    `Data: ${payload}`,
    payload,
    `DATA:${payload}`,
    `\tdata: ${payload}`,
    `data : ${payload}`,
  ])("readChatCompletions() throws if a line in no field holds a payload (%#)", async (line) => {
    const error = await rejection(
      readChatCompletions(`${events(chat({ content: "Hel" }))}${line}\n\n${STOP}${DONE}`).collect(),
    )
    expect(error).toBeInstanceOf(SseMalformedError)
    expect(error.message).not.toContain("lost")
  })
  test("readChatCompletions() throws if a line in an unknown field holds a part of the answer", async () => {
    for (const line of [`dta: ${payload}`, `dat:${payload}`, `chunk : ${payload}`]) {
      for (const start of ["", events(chat({ content: "Hel" }))]) {
        const error = await rejection(readChatCompletions(`${start}${line}\n\n${STOP}${DONE}`).collect())
        expect(error).toBeInstanceOf(SseMalformedError)
      }
    }
  })
  test("readChatCompletions() ignores other values of unknown fields, as specified", async () => {
    const lines = 'trace: {"id":"7"}\nmeta: {"type":"x"}\ndta: soon\n\n'
    const { choices } = await readChatCompletions(events(chat({ content: "Hi" })) + lines + STOP + DONE).collect()
    expect(choices[0]!.content).toBe("Hi")
  })
  test("readChatCompletions() does not take DATA: [DONE] as the end of an answer without a finish reason", async () => {
    const error = await rejection(readChatCompletions(`${events(chat({ content: "Hel" }))}DATA: [DONE]\n\n`).collect())
    expect(error).toMatchObject({ code: "truncated", missing: "finish_reason" })
  })
  test("readResponses() throws if a bare JSON line in mid-stream holds an event", async () => {
    const lost = JSON.stringify({ type: "response.output_text.delta", output_index: 0, delta: "lost" })
    const body = `${events({ type: "response.created", response: { id: "r" } })}${lost}\n\n${events(completed())}`
    expect(await rejection(readResponses(body).collect())).toBeInstanceOf(SseMalformedError)
  })
  test("collect() does not resolve with a partial answer after cancel()", async () => {
    const chunks = readChatCompletions(
      new ReadableStream<string>({ start: (controller) => controller.enqueue(events(chat({ content: "Hel" }))) }),
    )
    const collected = chunks.collect().then(
      () => "resolved",
      () => "rejected",
    )
    await chunks.cancel()
    expect(await within(collected)).toBe("rejected")
  })
  test("readChatCompletions() survives next() from inside its own function", async () => {
    let inner: Promise<unknown> | undefined
    const chunks = readChatCompletions(() => {
      inner ??= iterator.next()
      return eventStream(HELLO)
    })
    const iterator = chunks[Symbol.asyncIterator]()
    expect(await within(iterator.next())).toMatchObject({ done: false })
    expect(await within(inner!)).toMatchObject({ done: false })
  })
})
