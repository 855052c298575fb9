import { describe, expect, test, vi } from "vitest"
import { SseConnectionError, SseError, SseTruncatedError } from "steadystream"
import { chunkings, ManualClock } from "steadystream/testing"
import { readChatCompletions, readCompletions, readResponses, relay } from "steadystream/openai"
import { all, bytesOf, chat, DONE, events, HELLO, rejection, ScriptedSource, settle } from "./scripted-source.ts"
import { silenceReports } from "../../support/silence-reports.ts"

silenceReports()

const payload = (text: string, finish?: string) =>
  JSON.stringify({
    choices: [{ index: 0, delta: { content: text }, ...(finish !== undefined && { finish_reason: finish }) }],
  })

const line = (text: string, finish?: string) => `data: ${payload(text, finish)}\n`

const DONE_LINE = "data: [DONE]\n"

test.each([
  ["exact", "data: [DONE]\n\n"],
  ["without a space", "data:[DONE]\n\n"],
  ["with spaces around it", "data:   [DONE] \n\n"],
  ["with CRLF", "data: [DONE]\r\n\r\n"],
])("readChatCompletions() ends at [DONE] %s", async (_, mark) => {
  const stream = readChatCompletions(HELLO + mark)
  expect(await all(stream)).toHaveLength(4)
  expect(await stream.ended).toMatchObject({ reason: "done", sawDone: true })
})

test("readChatCompletions() treats [DONE] in content as content", async () => {
  const stream = readChatCompletions(events(chat({ content: "[DONE]" }), chat({ content: "data: [DONE]\n\n" }, "stop")))
  expect((await stream.collect()).choices[0]?.content).toBe("[DONE]data: [DONE]\n\n")
  expect(await stream.ended).toMatchObject({ reason: "finished", sawDone: false })
})

test("readChatCompletions() ignores everything after [DONE]", async () => {
  const stream = readChatCompletions(
    HELLO + DONE + events(chat({ content: "!" }), { error: { message: "late" } }) + "}{",
  )
  expect((await stream.collect()).choices[0]?.content).toBe("Hello")
  expect(await stream.ended).toMatchObject({ reason: "done", chunks: 4 })
})

test("readChatCompletions() ends at [DONE] at once while the connection stays open, and drains it in the background", async () => {
  const clock = new ManualClock()
  const source = new ScriptedSource().write(HELLO + DONE)
  const stream = readChatCompletions(source.stream, { clock })
  await stream.collect()
  expect(clock.now()).toBe(0)
  expect(source.cancellations).toEqual([])
  source.close()
  await settle()
  expect(source.cancellations).toEqual([])
  expect(clock.pendingTimers).toBe(0)
})

test("readChatCompletions() stops draining after 250 ms", async () => {
  const clock = new ManualClock()
  const source = new ScriptedSource().write(HELLO + DONE)
  await readChatCompletions(source.stream, { clock }).collect()
  await clock.advance(249)
  source.write(": still here\n\n")
  expect(source.cancellations).toEqual([])
  await clock.advance(1)
  expect(source.cancellations).toHaveLength(1)
  expect(clock.pendingTimers).toBe(0)
})

test("readChatCompletions() stops draining after 64 KiB", async () => {
  const clock = new ManualClock()
  const source = new ScriptedSource().write(HELLO + DONE)
  await readChatCompletions(source.stream, { clock }).collect()
  for (let piece = 0; piece < 65; piece++) source.write(new Uint8Array(1_024))
  await settle()
  expect(source.cancellations).toHaveLength(1)
  expect(clock.pendingTimers).toBe(0)
})

test("readChatCompletions() cancels at once if drain is false", async () => {
  const clock = new ManualClock()
  const source = new ScriptedSource().write(HELLO + DONE)
  await readChatCompletions(source.stream, { drain: false, clock }).collect()
  await settle()
  expect(source.cancellations).toHaveLength(1)
  expect(clock.pendingTimers).toBe(0)
})

test("readChatCompletions() keeps its outcome if the connection breaks during the drain", async () => {
  const source = new ScriptedSource().write(HELLO + DONE)
  const stream = readChatCompletions(source.stream)
  await stream.collect()
  source.fail(new Error("reset"))
  await settle()
  expect(await stream.ended).toMatchObject({ reason: "done", error: undefined })
})

test("readChatCompletions() accepts the end of the body after every finish reason", async () => {
  const stream = readChatCompletions(HELLO)
  expect(await all(stream)).toHaveLength(4)
  expect(await stream.ended).toMatchObject({ reason: "finished", sawDone: false })
})

test("readChatCompletions() throws if the body ends without a finish reason", async () => {
  const error = await rejection(all(readChatCompletions(events(chat({ content: "Hel" })))))
  expect(error).toBeInstanceOf(SseTruncatedError)
  expect(error).toMatchObject({ missing: "finish_reason", chunks: 1 })
  expect(error.partial.choices[0]?.content).toBe("Hel")
})

const two = (index: number, finish: string | null) => ({ choices: [{ index, delta: {}, finish_reason: finish }] })

test("readChatCompletions() throws if one of two choices has not finished", async () => {
  const body = events(two(0, null), two(1, null), two(1, "stop"))
  expect(await rejection(all(readChatCompletions(body)))).toMatchObject({ missing: "finish_reason" })
  expect(await all(readChatCompletions(body + events(two(0, "stop"))))).toHaveLength(4)
})

test("readChatCompletions() throws at [DONE] if nothing preceded it", async () => {
  const error = await rejection(all(readChatCompletions(`: ping\n\n${events({ choices: [] })}${DONE}`)))
  expect(error).toMatchObject({ code: "truncated", missing: "everything" })
})

test("readChatCompletions() accepts [DONE] without a finish reason unless completion is strict", async () => {
  const body = events(chat({ content: "Hi" })) + DONE
  expect(await all(readChatCompletions(body))).toHaveLength(1)
  const strict = readChatCompletions(body, { completion: "strict" })
  expect(await rejection(all(strict))).toMatchObject({ missing: "finish_reason" })
  const withoutMark = readChatCompletions(HELLO, { completion: "strict" })
  expect(await rejection(all(withoutMark))).toMatchObject({ missing: "done" })
  expect(await all(readChatCompletions(HELLO + DONE, { completion: "strict" }))).toHaveLength(4)
})

test("readChatCompletions() accepts any clean end if completion is lenient", async () => {
  const stream = readChatCompletions(events(chat({ content: "Hi" })), { completion: "lenient" })
  expect(await all(stream)).toHaveLength(1)
  expect(await stream.ended).toMatchObject({ reason: "eof" })
  const cut = readChatCompletions(events(chat({ content: "Hi" })).slice(0, -9), { completion: "lenient" })
  expect(await rejection(all(cut))).toMatchObject({ code: "truncated" })
})

test("readChatCompletions() throws for an empty body and for a missing body", async () => {
  for (const source of ["", [], new Response(null), new Response(null, { status: 204 }), new Response("")]) {
    const stream = readChatCompletions(source)
    expect(await rejection(all(stream))).toMatchObject({ code: "truncated", missing: "everything", chunks: 0 })
    expect(await stream.ended).toMatchObject({ reason: "error", chunks: 0, bytes: 0 })
  }
})

test("readChatCompletions() does not accept an empty finish reason", async () => {
  const error = await rejection(all(readChatCompletions(events(chat({ content: "Hi" }, "")))))
  expect(error).toMatchObject({ missing: "finish_reason" })
  expect(error.partial.choices[0]?.finishReason).toBeNull()
})

test("readChatCompletions() accepts a repeated finish reason", async () => {
  const stream = readChatCompletions(HELLO + events(chat({}, "stop"), chat({}, "")) + DONE)
  expect(await all(stream)).toHaveLength(6)
  expect(stream.snapshot.choices).toMatchObject([{ content: "Hello", finishReason: "stop" }])
})

test("readChatCompletions() folds the usage chunk after the finish, whose choices are empty", async () => {
  const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 }
  const stream = readChatCompletions(HELLO + events({ ...chat({}), usage: null }, { choices: [], usage }) + DONE)
  expect(await all(stream)).toHaveLength(6)
  expect(stream.snapshot).toMatchObject({ usage, choices: [{ content: "Hello" }] })
})

test("readChatCompletions() ends without usage if none was sent", async () => {
  expect((await readChatCompletions(HELLO + DONE).collect()).usage).toBeNull()
})

test("readChatCompletions() throws if the connection breaks, with the cause and the answer so far", async () => {
  const cause = new TypeError("terminated", { cause: new Error("ECONNRESET") })
  const source = new ScriptedSource().write(events(chat({ content: "Hi" }))).fail(cause)
  const stream = readChatCompletions(new Response(source.stream, { headers: { "x-request-id": "req_1" } }))
  const error = await rejection(all(stream))
  expect(error).toBeInstanceOf(SseConnectionError)
  expect(error).toMatchObject({ cause, chunks: 1, retryable: false, requestId: "req_1" })
  expect(error.partial.choices[0]?.content).toBe("Hi")
  const early = new ScriptedSource().fail(cause)
  expect(await rejection(all(readChatCompletions(early.stream)))).toMatchObject({ chunks: 0, retryable: true })
})

test("readChatCompletions() throws if the connection breaks after the finish but before the end mark", async () => {
  const source = new ScriptedSource().write(HELLO).fail(new Error("reset"))
  expect(await rejection(all(readChatCompletions(source.stream)))).toMatchObject({ code: "connection", chunks: 4 })
})

test("readChatCompletions() throws with the error of an iterable as the cause", async () => {
  const cause = new Error("mine")
  async function* broken() {
    yield HELLO
    throw cause
  }
  expect(await rejection(all(readChatCompletions(broken())))).toMatchObject({ code: "connection", cause })
})

test("readChatCompletions() treats audio that has only an expiry as the end of a choice", async () => {
  const audio = [{ id: "a", data: "AA", transcript: "Hel" }, { data: "BB", transcript: "lo" }, { expires_at: 7 }]
  const stream = readChatCompletions(events(...audio.map((part) => chat({ audio: part }))))
  const { choices } = await stream.collect()
  expect(choices[0]?.audio).toEqual({ id: "a", data: "AABB", transcript: "Hello", expires_at: 7 })
  expect(await stream.ended).toMatchObject({ reason: "finished" })
})

const completion = (piece: string, finish: string | null) => ({
  choices: [{ index: 0, text: piece, finish_reason: finish }],
})

test("readCompletions() follows the same rules for its end", async () => {
  const whole = readCompletions(
    events(completion("Hel", null), completion("lo", "stop"), { choices: [], usage: { total_tokens: 1 } }),
  )
  expect(await whole.collect()).toMatchObject({
    choices: [{ text: "Hello", finishReason: "stop" }],
    usage: { total_tokens: 1 },
  })
  expect(await rejection(all(readCompletions(events(completion("Hel", null)))))).toMatchObject({
    missing: "finish_reason",
  })
  expect(await rejection(all(readCompletions(DONE)))).toMatchObject({ missing: "everything" })
  expect(await all(readCompletions(events(completion("Hel", null)) + DONE).textDeltas())).toEqual(["Hel"])
})

test("ended reports how many bytes and chunks were read", async () => {
  const body = bytesOf(HELLO + DONE)
  const stream = readChatCompletions([body])
  await stream.collect()
  expect(await stream.ended).toMatchObject({ bytes: body.length, chunks: 4, connectMs: null, cursor: null })
})

describe("readChatCompletions() and the last line of a body", () => {
  test("readChatCompletions() reads payloads of single lines without a blank line", async () => {
    const stream = readChatCompletions(line("a") + line("b", "stop") + DONE_LINE)
    expect((await stream.collect()).choices[0]!.content).toBe("ab")
    expect(await stream.ended).toMatchObject({ reason: "done" })
  })

  test("readChatCompletions() reads a last payload that is joined to its end mark", async () => {
    const stream = readChatCompletions(`${line("a")}\n${line("b", "stop")}data: [DONE]`)
    expect((await stream.collect()).choices[0]!.content).toBe("ab")
    expect(await stream.ended).toMatchObject({ reason: "done" })
  })

  test("readChatCompletions() treats an error field as the provider's error, also as the last line", async () => {
    for (const end of ["", "\n", "\n\n"]) {
      const stream = readChatCompletions(`${line("a")}\nerror: oops${end}`)
      await expect(stream.collect()).rejects.toMatchObject({ code: "provider", error: { message: "oops" } })
    }
  })

  test("readChatCompletions() does not treat an error field as the end mark", async () => {
    const stream = readChatCompletions(`${line("a", "stop")}\nerror: [DONE]\n`)
    await expect(stream.collect()).rejects.toMatchObject({ code: "provider", error: { message: "[DONE]" } })
  })

  test.each(["data", "data:", "data: "])(
    "readChatCompletions() reports no provider error for an error field that was cut at %j",
    async (cut) => {
      const onHeartbeat = vi.fn<() => void>()
      const stream = readChatCompletions(`${line("a", "stop")}\nevent: error\n${cut}`, { onHeartbeat })
      expect((await stream.collect()).choices[0]!.content).toBe("a")
      expect(await stream.ended).toMatchObject({ reason: "finished" })
      expect(onHeartbeat).not.toHaveBeenCalled()
    },
  )

  test("relay() forwards an error field as JSON", async () => {
    const text = await relay(`${line("a")}\nerror: oops\n\n`)
      .toResponse()
      .text()
    const data = text.split("\n").filter((one) => one.startsWith("data: "))
    expect(data.every((one) => one === "data: [DONE]" || JSON.parse(one.slice(6)))).toBe(true)
    expect(text).toContain("oops")
  })
})

describe("readChatCompletions() and the end of a body", () => {
  test("readChatCompletions() accepts a last event of several lines without a blank line if its JSON is whole", async () => {
    const pretty = JSON.stringify(chat({ content: "Hi" }, "stop"), null, 1).split("\n")
    const stream = readChatCompletions(pretty.map((row) => `data: ${row}\n`).join(""))
    expect((await stream.collect()).choices[0]!.content).toBe("Hi")
    expect((await stream.ended).reason).toBe("finished")
  })

  test("readChatCompletions() ignores lines that are not fields after a chunk, wherever the body is cut", async () => {
    const body = events(chat({ content: "Hi" })) + "<html>\nplain text\n" + events(chat({}, "stop")) + DONE
    for (const chunks of chunkings(body)) {
      const { choices } = await readChatCompletions(chunks).collect()
      expect(choices[0]).toMatchObject({ content: "Hi", finishReason: "stop" })
    }
  })

  test("readChatCompletions() reports the same for a broken body wherever it is cut", async () => {
    const bodies = [
      `<html>\n${HELLO}`,
      `: c\n\ndata:\n\n<html>\n${HELLO}`,
      `error: {"message":"m"}\n${HELLO}`,
      `${HELLO}error: no\n`,
      'plain\n{"error":{"code":"c"}}\n',
      `${events(chat({ content: "Hi" }))}data: {`,
      `${events(chat({ content: "Hi" }))}nonsense`,
    ]
    for (const body of bodies) {
      const whole = await rejection(readChatCompletions([body]).collect())
      for (const chunks of chunkings(body)) {
        const error = await rejection(readChatCompletions(chunks).collect())
        expect([error.code, error.message, error.chunks, error.partial]).toEqual([
          whole.code,
          whole.message,
          whole.chunks,
          whole.partial,
        ])
      }
    }
  })

  test("readChatCompletions() keeps at most 64 Ki characters of a body that is not an event stream", async () => {
    const json = (length: number) => `{"x":"${"y".repeat(length)}"}`
    const small = await rejection(readChatCompletions(json(60_000)).collect())
    const large = await rejection(readChatCompletions(json(70_000)).collect())
    expect([small.code, Object.keys(small.json ?? {}), large.code, large.json]).toEqual([
      "not-a-stream",
      ["x"],
      "not-a-stream",
      undefined,
    ])
  })

  test("readResponses() throws the first of two errors after the response has failed", async () => {
    const failed = { type: "response.failed", response: { id: "r", status: "failed" } }
    const made = events({ type: "error", code: "first" }, { type: "error", code: "second" }, failed)
    const error = await rejection(readResponses(made).collect())
    expect(error).toMatchObject({ error: { code: "first" }, partial: { final: failed.response } })
  })

  test("readChatCompletions().textDeltas() answers concurrent calls in order", async () => {
    const source = new ScriptedSource()
    const texts = readChatCompletions(source.stream).textDeltas()
    const calls = [texts.next(), texts.next(), texts.next()]
    source.write(events(chat({ role: "assistant" }), chat({ content: "A" }), chat({ content: "B" }, "stop")) + DONE)
    expect((await Promise.all(calls)).map(({ value }) => value)).toEqual(["A", "B", undefined])
  })

  test("readChatCompletions() adds one listener for any number of streams on one signal, and none after them", async () => {
    const { signal } = new AbortController()
    const add = vi.spyOn(signal, "addEventListener")
    const remove = vi.spyOn(signal, "removeEventListener")
    const streams = Array.from({ length: 30 }, () => readChatCompletions(HELLO + DONE, { signal }))
    expect(add).not.toHaveBeenCalled()
    const readings = streams.map((stream) => all(stream))
    expect(add).toHaveBeenCalledTimes(1)
    await Promise.all(readings)
    expect(remove).toHaveBeenCalledTimes(1)
  })

  test("readChatCompletions() throws only errors of the package for bodies of random brackets", async () => {
    const parts = [
      '{"error"',
      ":",
      "{",
      "}",
      "[",
      "]",
      '"choices"',
      "null",
      "1",
      '"x"',
      ",",
      "\n",
      "data: ",
      "\n\n",
      "error: ",
    ]
    let seed = 7
    const next = () => (seed = (seed * 1103515245 + 12345) % 2147483648)
    for (let run = 0; run < 400; run++) {
      const body = Array.from({ length: 20 }, () => parts[next() % parts.length]).join("")
      const error = await rejection(readChatCompletions(body).collect())
      expect([SseError.is(error), "partial" in error], body).toEqual([true, true])
    }
  })
})
