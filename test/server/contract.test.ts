import { expect, test, vi } from "vitest"
import { z } from "zod"
import { defineEvents, readEvents, SseValidationError, text, type EventInitOf } from "steadystream"
import { eventStreamResponse, type Session } from "steadystream/server"

const events = defineEvents({
  tick: z.object({ at: z.number() }),
  // Answers late, and later for smaller numbers, so that answers arrive out of order.
  slow: z.object({ at: z.number() }).refine(async ({ at }) => {
    for (let turn = at; turn < 20; turn++) await Promise.resolve()
    return at >= 0
  }),
  log: text(),
})
type Written = EventInitOf<typeof events>

const later = () => new Promise((resolve) => setTimeout(resolve, 0))

test("eventStreamResponse() with events writes what readEvents() with the same contract reads", async () => {
  const sent: Written[] = [
    { event: "tick", data: { at: 1 }, id: "1" },
    { event: "log", data: "two\nlines" },
  ]
  const read = []
  for await (const event of readEvents(eventStreamResponse(sent, { events }), { events })) read.push(event)
  expect(read).toEqual([
    { event: "tick", data: { at: 1 }, id: "1", lastEventId: "1" },
    { event: "log", data: "two\nlines", id: undefined, lastEventId: "1" },
  ])
})

test("eventStreamResponse() with events keeps the order of events while schemas have not answered", async () => {
  const response = eventStreamResponse(
    (session) => {
      void session.send({ event: "slow", data: { at: 1 } })
      void session.send({ event: "slow", data: { at: 15 } })
      void session.comment("between")
      void session.send({ event: "log", data: "x" })
      void session.send({ retry: 5 })
      session.close()
    },
    { events },
  )
  expect(await response.text()).toBe(
    'event: slow\ndata: {"at":1}\n\nevent: slow\ndata: {"at":15}\n\n: between\n\nevent: log\ndata: x\n\nretry: 5\n\n',
  )
})

test("Session.send() with events rejects an invalid event, and sends the others", async () => {
  const errors: unknown[] = []
  const keep = (error: unknown) => void errors.push(error)
  const response = eventStreamResponse(
    async (session: Session<Written>) => {
      await session.send({ event: "tick", data: { at: "secret" as unknown as number } }).catch(keep)
      await session.send({ event: "slow", data: { at: -1 } }).catch(keep)
      await session.send({ event: "tock" as "log", data: "x" }).catch(keep)
      await session.send({ event: "log", id: "1\n", data: "x" }).catch(keep)
      await session.send({ event: "log", data: "sent" })
    },
    { events },
  )
  expect(await response.text()).toBe("event: log\ndata: sent\n\n")
  expect(errors).toEqual([
    expect.any(SseValidationError),
    expect.any(SseValidationError),
    expect.any(TypeError),
    expect.objectContaining({ code: "invalid-field" }),
  ])
  expect(String(errors[0])).not.toContain("secret")
})

test("eventStreamResponse() with events fails a source that yields an invalid event, after the events before it", async () => {
  const onError = vi.fn()
  const sent = [
    { event: "log" as const, data: "sent" },
    { event: "log" as const, data: 1 as unknown as string },
  ]
  const reader = eventStreamResponse(sent, { events, onError }).body!.getReader()
  expect(new TextDecoder().decode((await reader.read()).value)).toBe("event: log\ndata: sent\n\n")
  await expect(reader.read()).rejects.toMatchObject({ code: "connection" })
  expect(onError.mock.calls).toEqual([[expect.any(SseValidationError)]])
})

test("Session.send() with events rejects if the client leaves before the schema answers", async () => {
  let sending: Promise<void> | undefined
  const reader = eventStreamResponse(
    (session) => {
      sending = session.send({ event: "slow", data: { at: 1 } })
    },
    { events },
  ).body!.getReader()
  void reader.read()
  await Promise.resolve()
  await reader.cancel()
  await expect(sending).rejects.toMatchObject({ code: "connection" })
  await later()
})

test("Session.close() with events still sends an event whose schema has not answered", async () => {
  let session: Session<Written> | undefined
  const response = eventStreamResponse(
    (opened: Session<Written>) => {
      session = opened
      void opened.send({ event: "slow", data: { at: 1 } })
      opened.close()
    },
    { events },
  )
  expect(await response.text()).toBe('event: slow\ndata: {"at":1}\n\n')
  await session!.closed
  await expect(session!.send({ event: "log", data: "late" })).rejects.toMatchObject({ code: "connection" })
})
