import { expect, test } from "vitest"
import { readEvents, SseLimitError, SseParser } from "steadystream"

const MiB = 1024 * 1024
const collect = (globalThis as unknown as { gc: () => void }).gc

function heapUsed(): number {
  collect()
  return process.memoryUsage().heapUsed
}

/** The peak memory over the start, in bytes, while `step` ran `count` times. It is sampled every 64 runs. */
async function peakGrowth(count: number, step: (index: number) => unknown): Promise<number> {
  const before = heapUsed() + process.memoryUsage().arrayBuffers
  let peak = 0
  for (let index = 0; index < count; index++) {
    await step(index)
    if (index % 64 === 0) peak = Math.max(peak, heapUsed() + process.memoryUsage().arrayBuffers - before)
  }
  return peak
}

test.each([
  ["of data", "data: ", 64 * 1024],
  ["of a comment", ": ", 64 * 1024],
  ["of an unknown field", "unknown: ", 64 * 1024],
])("SseParser holds an endless line %s within its limit and one chunk, through 256 MB", async (_, start, size) => {
  const parser = new SseParser({ maxLineLength: 4 * MiB })
  const chunk = new Uint8Array(size).fill(120)
  let refused = 0
  parser.feed(start)
  const growth = await peakGrowth((256 * MiB) / size, () => {
    try {
      parser.feed(chunk)
    } catch (error) {
      if (refused++ === 0) expect(error).toBeInstanceOf(SseLimitError)
    }
  })
  expect(refused).toBeGreaterThan(4000)
  // A line of one byte per character, the engine's rope over it, and garbage that is not collected yet.
  expect(growth).toBeLessThan((start === "data: " ? 3 : 1) * 4 * MiB + 4 * MiB)
})

test("SseParser keeps none of the events that it has dispatched, through 256 MB of events", async () => {
  const parser = new SseParser({ onEvent() {} })
  const chunk = new TextEncoder().encode(`id: 1\ndata: ${"x".repeat(1000)}\n\n`.repeat(64))
  const growth = await peakGrowth((256 * MiB) / chunk.length, () => parser.feed(chunk))
  expect(growth).toBeLessThan(8 * MiB)
})

test.each([
  ["bytes", 8_000],
  ["text", 8_000],
  ["text", 60_000],
])("SseParser keeps only the data of a long event, not the %s around it, in chunks of %d", async (kind, size) => {
  const parser = new SseParser()
  const text = `data: 0123456789abcdef\n:${"x".repeat(size)}\n`
  const bytes = new TextEncoder().encode(text)
  const growth = await peakGrowth(20_000, (index) => parser.feed(kind === "text" ? `${text}:${index}\n` : bytes))
  expect(parser.end()).toEqual({ incomplete: true })
  // 340,000 characters of data, and as many again in pieces that are not joined yet.
  expect(growth).toBeLessThan(8 * MiB)
})

test("SseParser uses little more memory than the line for one that comes in pieces of one byte", async () => {
  const parser = new SseParser()
  const byte = Uint8Array.of(120)
  parser.feed(":\ndata: ")
  const growth = await peakGrowth(16 * 1024, () => {
    for (let times = 0; times < 64; times++) parser.feed(byte)
  })
  // A million characters, and half a million pieces of 32 bytes that are not joined yet.
  expect(growth).toBeLessThan(16 * MiB)
})

test("SseParser keeps nothing of a long event whose pieces were joined", () => {
  const parser = new SseParser()
  const chunk = new TextEncoder().encode("x".repeat(4096))
  const before = heapUsed()
  parser.feed(":\ndata: ")
  for (let times = 0; times < 2000; times++) parser.feed(chunk)
  parser.feed("\n\n")
  expect(heapUsed() - before).toBeLessThan(MiB)
})

test("readEvents() keeps nothing for a stream that is silent through a million chunks", async () => {
  let chunks = 0
  let growth = 0
  let before = 0
  const stream = new ReadableStream<string>(
    {
      pull(controller) {
        if (chunks === 1000) before = heapUsed()
        if (++chunks < 1_000_000) return controller.enqueue(":\n")
        growth = heapUsed() - before
        controller.enqueue("data: a\n\n")
      },
    },
    { highWaterMark: 0 },
  )
  expect((await readEvents(stream).next()).value?.data).toBe("a")
  expect(growth).toBeLessThan(8 * MiB)
})

test("SseParser needs at most 600 bytes of heap while it is idle", () => {
  const COUNT = 20_000
  const parsers: SseParser[] = []
  const onEvent = () => {}
  const bytes = new TextEncoder().encode("data: a\n\n")
  const before = heapUsed()
  for (let index = 0; index < COUNT; index++) {
    const parser = new SseParser({ onEvent })
    parser.feed(bytes)
    parsers.push(parser)
  }
  const each = (heapUsed() - before) / COUNT
  expect(parsers).toHaveLength(COUNT)
  // The bench measures it exactly, and its goal is 400.
  expect(each).toBeLessThan(600)
})
