import { expect, test } from "vitest"
import { ManualClock } from "steadystream/testing"
import { type ChunkDialect, readChatCompletions, readChunks } from "steadystream/openai"
import { all, bytesOf, chat, DONE, events, HELLO, rejection, ScriptedSource, settle } from "./scripted-source.ts"

test("readChatCompletions() yields the chunks and adds them up in its snapshot", async () => {
  const stream = readChatCompletions(HELLO + DONE)
  expect(await all(stream)).toHaveLength(4)
  expect(stream.snapshot).toMatchObject({
    id: "chatcmpl-1",
    model: "m",
    choices: [{ content: "Hello", finishReason: "stop" }],
  })
  expect(await stream.ended).toMatchObject({ reason: "done", chunks: 4, sawDone: true, error: undefined })
})

test("readChatCompletions() throws a TypeError at once for a second consumer", async () => {
  const stream = readChatCompletions(HELLO + DONE)
  stream[Symbol.asyncIterator]()
  expect(() => stream[Symbol.asyncIterator]()).toThrow(TypeError)
  expect(() => stream.textDeltas()).toThrow(TypeError)
  expect(() => stream.toReadableStream()).toThrow(
    "Cannot read chat completions: the stream must have only one consumer",
  )
  expect(await rejection<unknown>(stream.collect())).toBeInstanceOf(TypeError)
})

test("readChatCompletions() has an iterator that is its own iterable", async () => {
  const chunks = readChatCompletions(HELLO + DONE)[Symbol.asyncIterator]()
  const looped = chunks[Symbol.asyncIterator]()
  expect(looped).toBe(chunks)
  expect(await all({ [Symbol.asyncIterator]: () => looped })).toHaveLength(4)
})

test("readChatCompletions() reads nothing before the first call, and nothing ahead", async () => {
  const source = new ScriptedSource().write(...HELLO.split(/(?<=\n\n)/), DONE)
  const stream = readChatCompletions(source.stream)
  const chunks = stream[Symbol.asyncIterator]()
  await settle()
  expect(source.reads).toBe(0)
  await chunks.next()
  await settle()
  expect(source.reads).toBe(1)
  await chunks.next()
  await settle()
  expect(source.reads).toBe(2)
})

test("snapshot is the sum of the chunks that were yielded", async () => {
  const stream = readChatCompletions(HELLO + DONE)
  const { snapshot } = stream
  const texts: unknown[] = []
  for await (const _ of stream) texts.push(snapshot.choices[0]?.content)
  expect(texts).toEqual([null, "Hel", "Hello", "Hello"])
  expect(stream.snapshot).toBe(snapshot)
})

test("textDeltas() yields the pieces of the first choice's text, without empty ones", async () => {
  const other = {
    choices: [
      { index: 1, delta: { content: "no" } },
      { index: 0, delta: { content: "!" } },
    ],
  }
  const stream = readChatCompletions(HELLO + events(other) + DONE)
  expect(await all(stream.textDeltas())).toEqual(["Hel", "lo", "!"])
})

test("textDeltas() cancels the source when the consumer leaves the loop, and throws what the iteration would throw", async () => {
  const source = new ScriptedSource().write(HELLO)
  for await (const text of readChatCompletions(source.stream).textDeltas()) {
    expect(text).toBe("Hel")
    break
  }
  await settle()
  expect(source.cancellations).toHaveLength(1)
  expect(await rejection(all(readChatCompletions("").textDeltas()))).toMatchObject({ code: "truncated" })
})

test("toReadableStream() reads nothing ahead, and cancels the source when it is cancelled", async () => {
  const source = new ScriptedSource().write(...HELLO.split(/(?<=\n\n)/))
  const stream = readChatCompletions(source.stream)
  const reader = stream.toReadableStream().getReader()
  await settle()
  expect(source.reads).toBe(0)
  expect((await reader.read()).value).toEqual(chat({ role: "assistant", content: "" }))
  await settle()
  expect(source.reads).toBe(1)
  await reader.cancel("enough")
  await settle()
  expect(source.cancellations).toHaveLength(1)
  expect(await stream.ended).toMatchObject({ reason: "cancelled", chunks: 1 })
})

test("toReadableStream() closes at the end and errors with what the iteration would throw", async () => {
  const whole = readChatCompletions(HELLO + DONE)
    .toReadableStream()
    .getReader()
  for (let count = 0; count < 4; count++) expect((await whole.read()).done).toBe(false)
  expect((await whole.read()).done).toBe(true)
  const cut = readChatCompletions(events(chat({ content: "Hi" })))
    .toReadableStream()
    .getReader()
  expect((await cut.read()).done).toBe(false)
  expect(await rejection(cut.read())).toMatchObject({ code: "truncated", chunks: 1 })
})

test("collect() returns what the iteration and the snapshot return", async () => {
  const iterated = readChatCompletions(HELLO + DONE)
  await all(iterated)
  const collected = readChatCompletions(HELLO + DONE)
  expect(await collected.collect()).toEqual(iterated.snapshot)
  expect(collected.snapshot).toEqual(iterated.snapshot)
  const error = await rejection(readChatCompletions(events(chat({ content: "Hi" }))).collect())
  expect(error.partial.choices[0]?.content).toBe("Hi")
})

test("await using cancels a stream that has not ended", async () => {
  const source = new ScriptedSource().write(HELLO)
  const stream = readChatCompletions(source.stream)
  {
    await using disposed = stream
    await disposed[Symbol.asyncIterator]().next()
  }
  await settle()
  expect(source.cancellations).toHaveLength(1)
  expect(await stream.ended).toMatchObject({ reason: "cancelled" })
})

test("await using does not affect the drain after the end", async () => {
  const clock = new ManualClock()
  const source = new ScriptedSource().write(HELLO + DONE)
  {
    await using stream = readChatCompletions(source.stream, { clock })
    await stream.collect()
  }
  await settle()
  expect(source.cancellations).toEqual([])
  await clock.advance(250)
  expect(source.cancellations).toHaveLength(1)
})

test("readChatCompletions() needs no async iterator of ReadableStream", async () => {
  const source = new ScriptedSource().write(HELLO + DONE).stream
  Object.defineProperty(source, Symbol.asyncIterator, { value: undefined })
  expect(await all(readChatCompletions(source))).toHaveLength(4)
})

test("readChatCompletions() calls a function once, with a signal that aborts when the consumer leaves", async () => {
  const signals: AbortSignal[] = []
  const source = new ScriptedSource().write(bytesOf(HELLO))
  const stream = readChatCompletions((signal) => {
    signals.push(signal)
    return Promise.resolve(new Response(source.stream, { headers: { "x-request-id": "req_1" } }))
  })
  expect(signals).toEqual([])
  expect(stream.response).toBeUndefined()
  for await (const _ of stream) break
  expect(signals).toHaveLength(1)
  expect(signals[0]?.aborted).toBe(true)
  expect(stream.response).toMatchObject({ status: 200, requestId: "req_1" })
})

test("readChatCompletions() does not abort the request's signal after the end", async () => {
  let signalOfRequest: AbortSignal | undefined
  const source = new ScriptedSource().write(bytesOf(HELLO + DONE)).close()
  await readChatCompletions((signal) => {
    signalOfRequest = signal
    return new Response(source.stream)
  }).collect()
  await settle()
  expect(signalOfRequest?.aborted).toBe(false)
})

test("readChatCompletions() throws a TypeError at once for an invalid source or a locked or used body", async () => {
  expect(() => readChatCompletions(1 as never)).toThrow(TypeError)
  expect(() => readChatCompletions(undefined as never)).toThrow(TypeError)
  const locked = new Response(HELLO)
  locked.body!.getReader()
  expect(() => readChatCompletions(locked)).toThrow(
    "Cannot read event stream: the body of the response must not be locked or used",
  )
  const used = new Response(HELLO)
  await used.text()
  expect(() => readChatCompletions(used)).toThrow(TypeError)
  expect(await rejection<unknown>(all(readChatCompletions(() => 1 as never)))).toBeInstanceOf(TypeError)
})

const numbers: ChunkDialect<{ n: number }, number[]> = {
  name: "numbers",
  accumulate: () => {
    const value: number[] = []
    return { value, push: ({ n }) => void value.push(n), missing: () => (value.includes(0) ? null : "zero") }
  },
  isTerminal: ({ n }) => n === 0,
}

test("readChunks() reads any other dialect with the same guarantees", async () => {
  const stream = readChunks(events({ n: 2 }, { n: 1 }, { n: 0 }, { n: 9 }), numbers)
  expect(await all(stream)).toEqual([{ n: 2 }, { n: 1 }, { n: 0 }])
  expect(stream.snapshot).toEqual([2, 1, 0])
  expect(await stream.ended).toMatchObject({ reason: "terminal" })
  const cut = readChunks(events({ n: 2 }), numbers)
  expect(await rejection(all(cut))).toMatchObject({
    missing: "zero",
    partial: [2],
    message: "Cannot read numbers: the stream ended before the answer was complete (missing: zero)",
  })
  expect(() => readChunks("", numbers).textDeltas()).toThrow('Cannot read numbers: the dialect must have "textOf"')
})

test("readChunks() throws what its dialect throws", async () => {
  const thrown = new Error("mine")
  const decode = () => {
    throw thrown
  }
  expect(await rejection<unknown>(all(readChunks(events({ n: 1 }), { ...numbers, decode })))).toBe(thrown)
})
