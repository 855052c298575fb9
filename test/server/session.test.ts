import { expect, test, vi } from "vitest"
import { defineEvents, SseConnectionError } from "steadystream"
import { eventStreamResponse, type EventStreamResponseOptions, type Session } from "steadystream/server"
import { settle } from "../support/streams.ts"

const settled = () => settle(10)

/** An open session and the reader of its response. */
async function openSession(options: EventStreamResponseOptions = {}) {
  let session: Session | undefined
  const response = eventStreamResponse((given) => void (session = given), { keepAlive: 0, ...options })
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  const first = reader.read()
  await settled()
  return { session: session!, reader, first }
}

test("Session.send() resolves when the reader has taken the event, not before", async () => {
  const { session, reader, first } = await openSession()
  await session.send({ data: "1" })
  expect((await first).value).toBe("data: 1\n\n")
  const order: string[] = []
  // The pipe to the reader buffers one event.
  await session.send({ data: "2" })
  const sent = Promise.all([session.send({ data: "3" }), session.send({ data: "4" })]).then(() => order.push("sent"))
  await settled()
  order.push("reading")
  for (let n = 2; n <= 4; n++) expect((await reader.read()).value).toBe(`data: ${n}\n\n`)
  await sent
  expect(order).toEqual(["reading", "sent"])
})

test("Session.close() ends the stream cleanly after the events before it, and resolves closed", async () => {
  const { session, reader, first } = await openSession()
  void session.send({ data: "1" })
  void session.send({ data: "2" })
  void session.comment("bye")
  session.close()
  session.close()
  expect(session.state).toBe("closed")
  expect(session.signal.aborted).toBe(true)
  expect((await first).value).toBe("data: 1\n\n")
  expect((await reader.read()).value).toBe("data: 2\n\n")
  expect((await reader.read()).value).toBe(": bye\n\n")
  expect((await reader.read()).done).toBe(true)
  await session.closed
})

test("Session.send() after close() rejects with SseConnectionError, without an unhandled rejection", async () => {
  const unhandled = vi.fn<() => void>()
  process.on("unhandledRejection", unhandled)
  const { session } = await openSession()
  session.close()
  void session.send({ data: "dropped" })
  void session.comment("dropped")
  await settled()
  process.off("unhandledRejection", unhandled)
  expect(unhandled).not.toHaveBeenCalled()
  const error = await session.send({ data: "secret" }).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(SseConnectionError)
  expect(error).toMatchObject({ code: "connection", retryable: false })
  expect(String(error)).not.toContain("secret")
})

test("Session.send() rejects waiting events when the client leaves, and aborts the session's signal", async () => {
  const { session, reader } = await openSession({ keepAlive: 0 })
  const sends = Array.from({ length: 6 }, (_, n) => session.send({ data: `${n}` }))
  await settled()
  await reader.cancel()
  const outcomes = await Promise.allSettled(sends)
  expect(outcomes.at(-1)).toMatchObject({ status: "rejected", reason: { name: "SseConnectionError" } })
  await session.closed
  expect(session.state).toBe("closed")
  expect(session.signal.reason).toBeInstanceOf(SseConnectionError)
  await expect(session.send({ data: "late" })).rejects.toBe(session.signal.reason)
})

test("Session.send() rejects an event that cannot be encoded and stays open", async () => {
  const { session, first } = await openSession()
  await expect(session.send({ id: "a\nb" })).rejects.toThrow(TypeError)
  await expect(session.send({ retry: -1 })).rejects.toThrow(RangeError)
  await expect(session.comment(7 as never)).rejects.toThrow(TypeError)
  expect(session.state).toBe("open")
  await session.send({ data: "fine" })
  expect((await first).value).toBe("data: fine\n\n")
})

test("Session stays open until close() if the function returns no promise, otherwise until the promise settles", async () => {
  let open: Session | undefined
  const kept = eventStreamResponse((session) => void (open = session), { keepAlive: 0 })
  const text = kept.text()
  await settled()
  expect(open!.state).toBe("open")
  open!.close()
  expect(await text).toBe("")
  expect(await eventStreamResponse(async (session) => session.send({ data: "x" })).text()).toBe("data: x\n\n")
})

test("Session stays open if the function returns a collection, as set.add(session) does", async () => {
  const sessions = new Set<Session>()
  const text = eventStreamResponse((session) => sessions.add(session) as never, { keepAlive: 0 }).text()
  await settled()
  for (const session of sessions) {
    expect(session.state).toBe("open")
    void session.send({ data: "to all" })
    session.close()
  }
  expect(await text).toBe("data: to all\n\n")
})

test("Session breaks the stream if the function throws or its promise rejects", async () => {
  const failing = [
    () => {
      throw new Error("at once")
    },
    () => Promise.reject(new Error("later")),
  ]
  for (const source of failing) {
    const onError = vi.fn<(error: unknown) => void>()
    await expect(eventStreamResponse(source, { onError }).text()).rejects.toThrow("its source has failed")
    expect(onError).toHaveBeenCalledTimes(1)
  }
})

test("Session.send() keeps 1,000 events without an await in order", async () => {
  const response = eventStreamResponse((session) => {
    // The first block goes to the waiting read; 1,000 wait.
    for (let n = 0; n <= 1_000; n++) void session.send({ id: `${n}` })
    session.close()
  })
  expect(await response.text()).toBe(Array.from({ length: 1_001 }, (_, n) => `id: ${n}\n\n`).join(""))
})

test.each([
  ["1,000 events", 1_001, ""],
  ["1 MiB", 3, "x".repeat(600_000)],
])("Session.send() breaks the connection once more than %s wait", async (_, count, data) => {
  const onError = vi.fn<() => void>()
  let outcome: unknown
  let session: Session | undefined
  const response = eventStreamResponse(
    async (given) => {
      session = given
      for (let n = 0; n <= count; n++) void given.send({ data })
      outcome = await given.send({ data }).catch((error: unknown) => error)
    },
    { onError },
  )
  await expect(response.text()).rejects.toMatchObject({ name: "SseSessionError", code: "slow-consumer" })
  expect(outcome).toMatchObject({ code: "slow-consumer", retryable: false })
  expect(session!.signal.reason).toBe(outcome)
  expect(onError).not.toHaveBeenCalled()
})

test("Session.send() sends one event of any size", async () => {
  const data = "x".repeat(3_000_000)
  const response = eventStreamResponse(async (session) => session.send({ data }))
  expect((await response.text()).length).toBe(data.length + "data: \n\n".length)
})

test("Session.send() continues after events that the contract rejects, at any position", async () => {
  const check = async (value: unknown) =>
    value === "bad" ? { issues: [{ message: "no" }] } : { value: value as string }
  const events = defineEvents({ message: { "~standard": { version: 1, vendor: "test", validate: check } } as never })
  const outcomes: Promise<string>[] = []
  const response = eventStreamResponse(
    (session) => {
      for (const data of ["bad", "1", "bad", "bad", "2", "bad"]) {
        outcomes.push(
          session.send({ data } as never).then(
            () => "sent",
            () => "refused",
          ),
        )
      }
      session.close()
    },
    { keepAlive: 0, events },
  )
  expect(await response.text()).toBe('data: "1"\n\ndata: "2"\n\n')
  expect(await Promise.all(outcomes)).toEqual(["refused", "sent", "refused", "refused", "sent", "refused"])
})

test("Session.send() without an await leaves no unhandled rejection if the client leaves early", async () => {
  const unhandled = vi.fn<() => void>()
  process.on("unhandledRejection", unhandled)
  const { session, reader } = await openSession({ keepAlive: 0 })
  for (let n = 0; n < 9; n++) void session.send({ data: `${n}` })
  await reader.cancel()
  await session.closed
  await settled()
  process.off("unhandledRejection", unhandled)
  expect(unhandled).not.toHaveBeenCalled()
})

test("Session ends after its last events, also if the contract rejects them in another order", async () => {
  const answers: (() => void)[] = []
  const validate = () => new Promise((resolve) => answers.push(() => resolve({ issues: [{ message: "no" }] })))
  const events = defineEvents({ message: { "~standard": { version: 1, vendor: "test", validate } } as never })
  const refused: Promise<unknown>[] = []
  const text = eventStreamResponse(
    (session) => {
      for (const data of ["1", "2"]) refused.push(session.send({ data } as never).catch((error: unknown) => error))
      session.close()
    },
    { keepAlive: 0, events },
  ).text()
  await vi.waitFor(() => expect(answers).toHaveLength(2))
  answers[1]!()
  await settled()
  answers[0]!()
  expect(await text).toBe("")
  expect(await Promise.all(refused)).toMatchObject([{ code: "validation" }, { code: "validation" }])
})
