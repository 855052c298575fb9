import { expect, test } from "vitest"
import { eventStreamResponse, type EventStreamResponseOptions, type Session } from "steadystream/server"
import { ManualClock } from "steadystream/testing"
import { keepAliveStream } from "../../src/internal/keep-alive.ts"

async function openSession(options: EventStreamResponseOptions = {}) {
  const clock = new ManualClock()
  let session: Session | undefined
  const response = eventStreamResponse((given) => void (session = given), { clock, ...options })
  const reader = response.body!.getReader()
  const read = async () => new TextDecoder().decode((await reader.read()).value)
  const opening = options.keepAlive === 0 || options.keepAlive === Infinity ? undefined : read()
  // The comment at the start comes in a task of its own.
  await new Promise((resolve) => setTimeout(resolve, 5))
  expect(await opening).toBe(opening && ": keep-alive\n\n")
  const first = read()
  await clock.advance(0)
  return { clock, session: session!, reader, read, first }
}

test("eventStreamResponse() keeps a silent connection open with a comment at the start and every 8 s", async () => {
  const { clock, read, first } = await openSession()
  await clock.advance(8_000)
  expect(await first).toBe(": keep-alive\n\n")
  const second = read()
  await clock.advance(7_999)
  let early = true
  const seen = second.then((text) => [early, text])
  await clock.advance(0)
  early = false
  await clock.advance(1)
  expect(await seen).toEqual([false, ": keep-alive\n\n"])
})

test("eventStreamResponse() sends no comment while events come", async () => {
  const { clock, session, read, first } = await openSession({ keepAlive: 1000 })
  let next = first
  for (let n = 0; n < 5; n++) {
    await clock.advance(900)
    await session.send({ data: `${n}` })
    expect(await next).toBe(`data: ${n}\n\n`)
    next = read()
  }
  await clock.advance(1000)
  expect(await next).toBe(": keep-alive\n\n")
})

test("eventStreamResponse() queues no comments for a reader that does not read", async () => {
  const { clock, session, read, first } = await openSession({ keepAlive: 1000 })
  await clock.advance(1000)
  expect(await first).toBe(": keep-alive\n\n")
  await clock.advance(60_000)
  void session.send({ data: "1" })
  expect(await read()).toBe("data: 1\n\n")
})

test("eventStreamResponse() leaves no timer when the stream ends, fails or aborts, or its client leaves", async () => {
  const stop = new AbortController()
  const endings: ((open: Awaited<ReturnType<typeof openSession>>) => unknown)[] = [
    ({ session }) => session.close(),
    ({ reader }) => reader.cancel(),
    () => stop.abort(),
  ]
  for (const end of endings) {
    const open = await openSession({ signal: stop.signal })
    open.first.catch(() => {})
    expect(open.clock.pendingTimers).toBe(1)
    await end(open)
    await open.clock.advance(0)
    expect(open.clock.pendingTimers).toBe(0)
  }
})

test("eventStreamResponse() with keepAlive 0 or Infinity sets no timer", async () => {
  for (const keepAlive of [0, Infinity]) {
    const { clock, session } = await openSession({ keepAlive })
    expect(clock.pendingTimers).toBe(0)
    session.close()
  }
})

test("keepAliveStream() puts no comment into an unfinished block", async () => {
  const clock = new ManualClock()
  const encoder = new TextEncoder()
  let controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined
  const source = new ReadableStream<Uint8Array<ArrayBuffer>>({ start: (given) => void (controller = given) })
  const reader = keepAliveStream(source, 1000, clock).getReader()
  const read = async () => new TextDecoder().decode((await reader.read()).value)
  for (const [bytes, silence] of [
    ["data: a\n", ""],
    ["\r\n", ": keep-alive\n\n"],
    ["data: b\r\n\r\n", ": keep-alive\n\n"],
    ["data: c\n\n", ": keep-alive\n\n"],
  ] as const) {
    controller!.enqueue(encoder.encode(bytes))
    expect(await read()).toBe(bytes)
    const next = read()
    await clock.advance(1000)
    controller!.enqueue(encoder.encode("data: end\n\n"))
    expect((await next) + (silence === "" ? "" : await read())).toBe(`${silence}data: end\n\n`)
  }
})
