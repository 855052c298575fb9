import { expect, test } from "vitest"
import { SseLimitError, SseMalformedError, SseTruncatedError } from "steadystream"
import { type Heartbeat, readChatCompletions } from "steadystream/openai"
import { all, bytesOf, chat, DONE, events, HELLO, rejection } from "./scripted-source.ts"

const WHOLE = HELLO + DONE
const CHUNKS = [
  chat({ role: "assistant", content: "" }),
  chat({ content: "Hel" }),
  chat({ content: "lo" }),
  chat({}, "stop"),
]

async function textOf(source: Parameters<typeof readChatCompletions>[0]): Promise<string | null | undefined> {
  return (await readChatCompletions(source).collect()).choices[0]?.content
}

test("readChatCompletions() yields the same chunks at any cut of the bytes", async () => {
  const bytes = bytesOf(events(chat({ content: "a\u00e9\u2028\u{1f600}" })) + WHOLE)
  for (let cut = 1; cut < bytes.length; cut++) {
    const chunks = await all(readChatCompletions([bytes.subarray(0, cut), bytes.subarray(cut)]))
    expect(chunks).toEqual([chat({ content: "a\u00e9\u2028\u{1f600}" }), ...CHUNKS])
  }
})

test.each([
  ["LF", "\n", "\n"],
  ["CRLF", "\r\n", "\r\n"],
  ["CR", "\r", "\r"],
  ["mixed line ends", "\r", "\n"],
])("readChatCompletions() reads %s", async (_, first, second) => {
  const body = WHOLE.replaceAll("\n\n", first + second + second)
  expect(await all(readChatCompletions(body))).toEqual(CHUNKS)
})

test("readChatCompletions() reads a CRLF that is cut between two reads as one line end", async () => {
  const pieces = WHOLE.replaceAll("\n", "\r\n").split(/(?<=\r)(?=\n)/)
  expect(pieces.length).toBeGreaterThan(8)
  expect(await all(readChatCompletions(pieces))).toEqual(CHUNKS)
})

test("readChatCompletions() joins a code point that is cut between reads", async () => {
  const bytes = bytesOf(events(chat({ content: "\u{1f600}" }, "stop")))
  const start = bytes.indexOf(0xf0)
  const pieces = [bytes.subarray(0, start + 1), bytes.subarray(start + 1, start + 3), bytes.subarray(start + 3)]
  expect(await textOf(pieces)).toBe("\u{1f600}")
})

test("readChatCompletions() skips a byte order mark at the start", async () => {
  expect(await all(readChatCompletions([bytesOf(`\ufeff${WHOLE}`)]))).toEqual(CHUNKS)
})

test("readChatCompletions() reads invalid UTF-8 as U+FFFD", async () => {
  const [before, after] = events(chat({ content: "a~b" }, "stop")).split("~")
  expect(await textOf([bytesOf(before!), new Uint8Array([0xff]), bytesOf(after!)])).toBe("a\ufffdb")
})

test("readChatCompletions() reads data with and without a space after the colon", async () => {
  expect(await all(readChatCompletions(WHOLE.replaceAll("data: ", "data:")))).toEqual(CHUNKS)
})

test("readChatCompletions() joins JSON that spans several data lines", async () => {
  const pretty = JSON.stringify(chat({ content: "Hi" }, "stop"), null, 2)
  const body = pretty
    .split("\n")
    .map((line) => `data: ${line}\n`)
    .join("")
  expect(await all(readChatCompletions(`${body}\n`))).toEqual([chat({ content: "Hi" }, "stop")])
})

test("readChatCompletions() separates payloads that one event joins", async () => {
  const [first, second, ...rest] = CHUNKS
  const glued = `data: ${JSON.stringify(first)}\ndata: ${JSON.stringify(second)}\n\n`
  expect(await all(readChatCompletions(glued + events(...rest) + DONE))).toEqual(CHUNKS)
  const withMark = `data: ${JSON.stringify(CHUNKS[3])}\ndata: [DONE]\n\n`
  const stream = readChatCompletions(withMark)
  expect(await all(stream)).toEqual([CHUNKS[3]])
  expect(await stream.ended).toMatchObject({ reason: "done", sawDone: true })
})

test("readChatCompletions() throws if not every line of an event is a payload", async () => {
  const error = await rejection(all(readChatCompletions(`data: {"a":1}\ndata: {"b":\n\n`)))
  expect(error).toBeInstanceOf(SseMalformedError)
})

test("readChatCompletions() passes comments only to onHeartbeat", async () => {
  const beats: Heartbeat[] = []
  const body = `: OPENROUTER PROCESSING\n\n: keep-alive\n${HELLO}:\n\n:between\n\n${DONE}`
  const stream = readChatCompletions(body, { onHeartbeat: (beat) => void beats.push(beat) })
  expect(await all(stream)).toEqual(CHUNKS)
  expect(beats).toEqual([
    { kind: "comment", text: "OPENROUTER PROCESSING" },
    { kind: "comment", text: "keep-alive" },
    { kind: "comment", text: "" },
    { kind: "comment", text: "between" },
  ])
})

test("readChatCompletions() passes heartbeat events to onHeartbeat", async () => {
  const beats: Heartbeat[] = []
  const body = `data:\n\n${events({ type: "keepalive" }, { type: "ping" })}${WHOLE}`
  expect(await all(readChatCompletions(body, { onHeartbeat: (beat) => void beats.push(beat) }))).toEqual(CHUNKS)
  expect(beats).toEqual([
    { kind: "empty", text: "" },
    { kind: "event", text: '{"type":"keepalive"}' },
    { kind: "event", text: '{"type":"ping"}' },
  ])
})

const onHeartbeat = () => {
  throw new Error("handler")
}

test("readChatCompletions() reports the error of onHeartbeat once and reads on", async () => {
  const reported: unknown[] = []
  const stream = readChatCompletions(`:a\n\n:b\n\n${WHOLE}`, {
    onHeartbeat,
    onHandlerError: (e) => void reported.push(e),
  })
  expect(await all(stream)).toEqual(CHUNKS)
  expect(reported).toEqual([new Error("handler")])
})

test("readChatCompletions() ignores an event: ping without data", async () => {
  expect(await all(readChatCompletions(`event: ping\n\n${WHOLE}`))).toEqual(CHUNKS)
})

test("readChatCompletions() ignores id and retry, also if only a comment follows", async () => {
  expect(await all(readChatCompletions(`id: 1\nretry: 5\n\nid: 2\n: comment\n\n${WHOLE}`))).toEqual(CHUNKS)
})

test("readChatCompletions() accepts a whole last event without a blank line", async () => {
  const stream = readChatCompletions(HELLO.trimEnd())
  expect(await all(stream)).toEqual(CHUNKS)
  expect(await stream.ended).toMatchObject({ reason: "finished" })
  const done = readChatCompletions((HELLO + DONE).trimEnd())
  await done.collect()
  expect(await done.ended).toMatchObject({ reason: "done", sawDone: true })
})

test("readChatCompletions() throws if the last event is cut in its JSON", async () => {
  const cut = events(chat({ content: "Hi" })) + events(chat({ content: " there" })).slice(0, -20)
  const error = await rejection(all(readChatCompletions(cut)))
  expect(error).toBeInstanceOf(SseTruncatedError)
  expect(error).toMatchObject({ chunks: 1, missing: "finish_reason" })
  expect(error.partial.choices[0]?.content).toBe("Hi")
})

test("readChatCompletions() throws if an event after the finish is cut inside its data, unless it is the end mark", async () => {
  const usage = events({ choices: [], usage: { total_tokens: 1 } })
  const error = await rejection(all(readChatCompletions(HELLO + usage.slice(0, -4))))
  expect(error).toMatchObject({ code: "truncated", missing: "done" })
  const stream = readChatCompletions(`${HELLO}data: [DO`)
  expect(await all(stream)).toEqual(CHUNKS)
  expect(await stream.ended).toMatchObject({ reason: "finished", sawDone: false })
})

const time = async (size: number) => {
  const bytes = bytesOf(events(chat({ content: "x".repeat(size) }, "stop")))
  const pieces = Array.from({ length: Math.ceil(bytes.length / 64) }, (_, at) => bytes.subarray(at * 64, at * 64 + 64))
  const { user } = process.cpuUsage()
  expect(await textOf(pieces)).toHaveLength(size)
  return process.cpuUsage().user - user
}

test("readChatCompletions() reads an event of 2 MiB in pieces of 64 bytes in linear time", async () => {
  await time(2 ** 19)
  // Quadratic work would take 16 times as long for 4 times the input.
  expect(Math.min(await ratio(), await ratio(), await ratio())).toBeLessThan(9)

  async function ratio(): Promise<number> {
    const quarter = await time(2 ** 19)
    return (await time(2 ** 21)) / Math.max(quarter, 1_000)
  }
})

test("readChatCompletions() throws for an event over the limit, after the chunks before it", async () => {
  const body = events(chat({ content: "Hi" }), chat({ content: "x".repeat(2_000) }))
  const error = await rejection(all(readChatCompletions(body, { limits: { maxEventSize: 1_000 } })))
  expect(error).toBeInstanceOf(SseLimitError)
  expect(error).toMatchObject({ limit: "maxEventSize", max: 1_000, chunks: 1 })
  expect(error.partial.choices[0]?.content).toBe("Hi")
})

test("readChatCompletions() accepts an event of more than 16 Mi characters by default", async () => {
  expect(await textOf(events(chat({ content: "x".repeat(17 * 2 ** 20) }, "stop")))).toHaveLength(17 * 2 ** 20)
})

test("readChatCompletions() stops at the limit of an endless line", async () => {
  let pieces = 0
  let returned = false
  async function* endless() {
    try {
      for (;;) {
        pieces++
        yield "x".repeat(1_000)
      }
    } finally {
      returned = true
    }
  }
  const error = await rejection(all(readChatCompletions(endless(), { limits: { maxLineLength: 10_000 } })))
  expect(error).toMatchObject({ code: "limit", limit: "maxLineLength" })
  expect(pieces).toBe(11)
  await Promise.resolve()
  expect(returned).toBe(true)
})

test("readChatCompletions() throws for a stream over the limit", async () => {
  const error = await rejection(
    all(readChatCompletions([HELLO, HELLO], { limits: { maxTotalSize: HELLO.length + 1 } })),
  )
  expect(error).toMatchObject({ code: "limit", limit: "maxTotalSize", chunks: 4 })
})

test("readChatCompletions() reads text, bytes, empty pieces and views of a buffer, mixed", async () => {
  const bytes = bytesOf(WHOLE)
  const buffer = new Uint8Array(bytes.length + 7)
  buffer.set(bytes, 7)
  const view = Buffer.from(buffer.buffer, 7 + 30, bytes.length - 30)
  expect(await all(readChatCompletions(["", WHOLE.slice(0, 30), new Uint8Array(0), view]))).toEqual(CHUNKS)
})
