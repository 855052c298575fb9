import { describe, expect, test } from "vitest"
import { readEvents, type SseEvent } from "steadystream"
import { type AnswerEnd, type AnswersOptions, createAnswers, memoryStore } from "steadystream/server"
import { ManualClock } from "steadystream/testing"

const url = "https://example.com/answers/42"
const seenOf = ({ event, data }: SseEvent) => `${event} ${data}`

/** Answers whose ends are made by `endEvent`, and what was reported. */
function answersOfTest(endEvent: AnswersOptions["endEvent"]) {
  const reports: unknown[] = []
  const clock = new ManualClock()
  const store = memoryStore({ clock })
  const answers = createAnswers({ store, clock, endEvent, onError: (error) => reports.push(error) })
  const read = async (lastEventId = "") => {
    const response = await answers.respond(new Request(url, { headers: { "last-event-id": lastEventId } }), "42")
    return {
      status: response.status,
      events: response.status === 200 ? await Array.fromAsync(readEvents(response)) : [],
    }
  }
  /** Starts the answer and waits until its event is stored. */
  const start = async () => {
    await answers.start("42", waiting)
    await expect.poll(() => answers.stats().stored).toBe(1)
  }
  return { answers, store, clock, reports, read, start }
}

/** Sends one event and then waits for its signal. */
async function* waiting(signal: AbortSignal) {
  yield { data: "one" }
  await new Promise((resolve) => signal.addEventListener("abort", resolve))
}

async function* failing() {
  yield { data: "one" }
  throw new Error("secret")
}

const part = (end: AnswerEnd) => ({ event: "end", data: JSON.stringify(end) })

describe("createAnswers with endEvent", () => {
  test("createAnswers ends a cancelled answer with the event of endEvent, whose ID is answered 204", async () => {
    const { answers, read, start } = answersOfTest(part)
    await start()
    const reading = read()
    await answers.cancel("42", "stop")
    const { events } = await reading
    expect(events.map(seenOf)).toEqual(["message one", 'end {"id":"42","status":"cancelled","detail":"stop"}'])
    expect((await read(events.at(-1)!.id)).status).toBe(204)
    expect((await read(events[0]!.id)).events.map(seenOf)).toEqual([seenOf(events[1]!)])
  })

  test("createAnswers stores the event of endEvent once if the source fails", async () => {
    const ends: AnswerEnd[] = []
    const { answers, read } = answersOfTest((end) => {
      ends.push(end)
      return part(end)
    })
    await (
      await answers.start("42", failing)
    ).ended
    const seen = ["message one", 'end {"id":"42","status":"failed","detail":"failed"}']
    for (const reader of [await read(), await read()]) expect(reader.events.map(seenOf)).toEqual(seen)
    expect(ends).toEqual([{ id: "42", status: "failed", detail: "failed" }])
  })

  test("createAnswers ends a lost answer with the event of endEvent", async () => {
    const { store, clock, read } = answersOfTest(part)
    const { lease } = (await store.claim("answer:42", { ttl: 60_000, lease: 1_000 })) as { lease: string }
    await store.append("answer:42", [{ text: "data: one\n\n" }], { lease })
    await clock.advance(1_001)
    expect((await read()).events.map(seenOf)).toEqual(["message one", 'end {"id":"42","status":"lost"}'])
  })

  test("createAnswers sends only the event and the data of what endEvent returns", async () => {
    const { answers, read } = answersOfTest(() => ({ event: "end", data: "a\nb", id: "7", retry: 1, comment: "c" }))
    await (
      await answers.start("42", failing)
    ).ended
    const { events } = await read()
    expect(events.map(seenOf)).toEqual(["message one", "end a\nb"])
    expect(events[1]!.id).not.toBe("7")
  })

  const others: [what: string, endEvent: () => unknown, reports: number][] = [
    ["returns undefined", () => undefined, 0],
    ["throws", () => raise(), 1],
    ["returns no event", () => ({}), 1],
    ["returns data that is no string", () => ({ data: {} }), 1],
    ["is async", () => Promise.resolve({ data: "late" }), 1],
  ]
  test.each(others)("createAnswers sends the default event if endEvent %s", async (_, endEvent, count) => {
    const { answers, read, reports, start } = answersOfTest(endEvent as () => undefined)
    await start()
    const reading = read()
    await answers.cancel("42")
    expect((await reading).events.map(seenOf)).toEqual(["message one", 'steadystream.end {"status":"cancelled"}'])
    expect(reports).toHaveLength(count)
  })

  test("createAnswers throws a TypeError if endEvent is no function", () => {
    expect(() => createAnswers({ endEvent: "end" as never })).toThrow('"endEvent" must be a function, not string')
  })
})

function raise(): never {
  throw new Error("of the caller")
}
