import { describe, expect, test, vi } from "vitest"
import { SseLimitError, SseParserStream, type SseEvent } from "steadystream"

async function collect(stream: ReadableStream<SseEvent>): Promise<string[]> {
  const data: string[] = []
  for await (const event of stream) data.push(event.data)
  return data
}

function textStream(...chunks: string[]): ReadableStream<string> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk)
      controller.close()
    },
  })
}

describe("SseParserStream", () => {
  test("SseParserStream turns bytes or text into events", async () => {
    expect(await collect(new Response("data: a\n\ndata: b\n\n").body!.pipeThrough(new SseParserStream()))).toEqual([
      "a",
      "b",
    ])
    expect(await collect(textStream("data: a\n", "\ndata: b\n\n").pipeThrough(new SseParserStream()))).toEqual([
      "a",
      "b",
    ])
  })

  test("SseParserStream accepts the options of the parser", async () => {
    const onComment = vi.fn()
    const stream = textStream(": c\n\n", "data: a\n\n").pipeThrough(
      new SseParserStream({ onComment, lastEventId: "5" }),
    )
    expect((await stream.getReader().read()).value).toMatchObject({ lastEventId: "5" })
    expect(onComment).toHaveBeenCalledWith("c")
  })

  test("SseParserStream yields the events of a chunk before the limit error at its end", async () => {
    const stream = textStream("data: a\n\ndata: b\n\ndata: too long\n\n").pipeThrough(
      new SseParserStream({ maxLineLength: 8 }),
    )
    const reader = stream.getReader()
    expect((await reader.read()).value?.data).toBe("a")
    expect((await reader.read()).value?.data).toBe("b")
    await expect(reader.read()).rejects.toBeInstanceOf(SseLimitError)
  })

  test("SseParserStream discards an unfinished event at the end", async () => {
    expect(await collect(textStream("data: a\n\ndata: b").pipeThrough(new SseParserStream()))).toEqual(["a"])
  })

  test("SseParserStream cancels the source when readable is cancelled", async () => {
    const cancel = vi.fn()
    const source = new ReadableStream<string>({ pull: (controller) => controller.enqueue("data: a\n\n"), cancel })
    const reader = source.pipeThrough(new SseParserStream()).getReader()
    await reader.read()
    await reader.cancel(new Error("enough"))
    await vi.waitFor(() => expect(cancel).toHaveBeenCalledOnce())
  })

  test("SseParserStream errors readable when the source fails", async () => {
    const error = new Error("broken")
    const source = new ReadableStream<string>({ pull: (controller) => controller.error(error) })
    await expect(source.pipeThrough(new SseParserStream()).getReader().read()).rejects.toBe(error)
  })

  test("SseParserStream reads its source only as far as events are taken", async () => {
    let pulled = 0
    const source = new ReadableStream<string>(
      { pull: (controller) => controller.enqueue(`data: ${pulled++}\n\n`) },
      { highWaterMark: 0 },
    )
    const reader = source.pipeThrough(new SseParserStream()).getReader()
    for (let index = 0; index < 5; index++) await reader.read()
    await new Promise((resolve) => setTimeout(resolve, 0))
    expect(pulled).toBeLessThanOrEqual(7)
  })
})

test("SseParserStream reads nothing from its source before its own first read", async () => {
  const { readable, writable } = new SseParserStream()
  const writer = writable.getWriter()
  let taken = false
  const written = writer.write("data: 1\n\n").then(() => (taken = true))
  await new Promise((resolve) => setImmediate(resolve))
  expect(taken).toBe(false)
  expect((await readable.getReader().read()).value?.data).toBe("1")
  await written
})
