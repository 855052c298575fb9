import { SseRetryError } from "steadystream"
import { subscribe } from "steadystream/client"
import { ManualClock } from "steadystream/testing"
import { describe, expect, test } from "vitest"
import { consume } from "../support/consumer.ts"
import { play } from "../support/play.ts"
import { within } from "../support/streams.ts"

const NO_CONTENT = { status: 204 } as const
const times = <T>(count: number, item: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => item(at))

describe("subscribe() and progress", () => {
  const short = (text: string) => times(30, (at) => ({ chunks: [text.replaceAll("#", `${at}`)] }))

  test.each([
    ["without ids", "data: #\n\n", {}],
    ["with a retry field", "retry: 1000\ndata: #\n\n", {}],
    ["that break off", "data: #\n\n", { end: "reset" }],
    ["with an id of the past that is not their own", "data: #\n\n", { lastEventId: "7" }],
  ] as [string, string, { end?: "reset"; lastEventId?: string }][])(
    "subscribe() goes on as long as each connection delivers events %s",
    async (_, text, { end, ...options }) => {
      const answers = short(text).map((answer) => ({ ...answer, end }))
      const { data, ended } = await play([...answers, NO_CONTENT], options)
      expect([ended, data]).toEqual(["done", times(30, String)])
    },
  )

  test("subscribe() goes on as long as each source of a function delivers events", async () => {
    const clock = new ManualClock()
    let at = 0
    const connect = () => (at === 30 ? new Response(null, { status: 204 }) : `data: ${at++}\n\n`)
    const { data, outcome } = consume(subscribe(connect, { clock }))
    for (let minute = 0; minute < 60; minute++) await clock.advance(60_000)
    expect([await within(outcome, 50), data.length]).toEqual(["done", 30])
  })

  test.each([
    ["retry: 2500\ndata: #\n\n", 2_500],
    ["data: #\n\n", 1_000],
    ["id: #\ndata: #\n\n", 1_000],
  ])("subscribe() does not let the delay grow after %j", async (text, delay) => {
    const { delays } = await play([...short(text), NO_CONTENT], { retry: { jitter: false } })
    expect(delays).toEqual(times(30, () => delay))
  })

  test("subscribe() restarts maxElapsed at each delivered event", async () => {
    const { data, ended } = await play([...short("data: #\n\n"), NO_CONTENT], { retry: { maxElapsed: 10_000 } })
    expect([ended, data.length]).toEqual(["done", 30])
  })

  test("subscribe() passes attempt number 0 or 1 after each delivered event", async () => {
    const numbers: number[] = []
    await play([...short("data: #\n\n"), NO_CONTENT], {
      headers: ({ number }: { number: number }) => (numbers.push(number), {}),
    })
    expect(Math.max(...numbers)).toBeLessThan(2)
    expect(numbers).toHaveLength(31)
  })

  test("subscribe() stops if each connection delivers only an event whose id was delivered before", async () => {
    const { data, ended } = await play([{ chunks: ["id: 1\ndata: a\n\n"] }])
    expect(ended).toBeInstanceOf(SseRetryError)
    expect(data).toHaveLength(11)
  })

  test("subscribe() asks retry.isProgress whether an event is progress", async () => {
    const asked: string[] = []
    const isProgress = (event: { event: string }) => {
      asked.push(event.event)
      return event.event !== "greeting"
    }
    const { ended, fetch } = await play([{ chunks: ["event: greeting\ndata: hello\n\n"] }], { retry: { isProgress } })
    expect(ended).toBeInstanceOf(SseRetryError)
    expect(fetch.requests).toHaveLength(11)
    expect(asked).toHaveLength(11)
  })

  test("subscribe() stops on a server that answers and never delivers", async () => {
    const { ended, fetch } = await play([{ chunks: [": hello\n\n"] }])
    expect(ended).toBeInstanceOf(SseRetryError)
    expect(fetch.requests).toHaveLength(11)
  })

  test("subscribe() names until, 204 and retry: false if the server closes each stream", async () => {
    const { ended } = await play([{ chunks: [": hello\n\n"] }])
    const { message } = ended as Error
    expect(message).toMatch(/the server closed the stream/)
    for (const way of ["until", "204", "retry: false"]) expect(message).toContain(way)
  })

  test("subscribe() takes the retry field as the base of growth after failures", async () => {
    const answers = [
      { chunks: ["retry: 400\nid: 1\ndata: a\n\n"], end: "reset" as const },
      ...times(3, () => new Error("down")),
      NO_CONTENT,
    ]
    const { delays } = await play(answers, { retry: { jitter: false } })
    expect(delays).toEqual([400, 800, 1_600, 3_200].map((delay, at) => (at === 0 ? 400 : delay)))
  })

  test("subscribe() counts no event as progress that dedupe drops, and asks nothing about it", async () => {
    let asked = 0
    const isProgress = () => ++asked > 0
    const { ended, fetch } = await play([{ chunks: ["id: 1\ndata: a\n\n"] }], { dedupe: true, retry: { isProgress } })
    expect(ended).toBeInstanceOf(SseRetryError)
    expect([asked, fetch.requests.length]).toEqual([1, 11])
  })

  test("subscribe() names the last failure in the message of SseRetryError", async () => {
    const { ended } = await play([new Response("", { status: 503 })], { retry: { maxRetries: 1 } })
    expect((ended as Error).message).toMatch(/2 attempts in a row have failed.*the status must be 200, not 503/)
  })
})
