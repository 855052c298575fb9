/* The demo with REDIS_URL: two server processes behind one port, on a Redis of the test. */
import { chromium } from "playwright"
import { readEvents, SseConnectionError, type SseEvent } from "steadystream"
import type { ChatCompletionChunk } from "steadystream/openai"
import { test, type TestContext } from "vitest"
import { chromiumArguments, findChromium } from "../support/chromium.ts"
import { type RedisServer, startRedis } from "../support/redis-server.ts"
import { describeWithRedis } from "../support/with-redis.ts"
import { ANSWER, fact, isWithoutChromium, textOf, waitForText } from "./demo-page.ts"
import { type DemoProgram, runDemo } from "./demo-program.ts"

interface StartedDemo {
  readonly origin: string
  readonly demo: DemoProgram
  readonly redis: RedisServer
}

async function startDemo({ onTestFinished }: TestContext): Promise<StartedDemo> {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  const demo = runDemo({ REDIS_URL: redis.url }, onTestFinished)
  return { origin: await demo.origin(), demo, redis }
}

/** A request for the first tokens of an answer, so that it takes few seconds. */
const bodyOf = (maxTokens: number) =>
  JSON.stringify({ max_tokens: maxTokens, messages: [{ role: "user", content: "What are server-sent events?" }] })

async function ask(origin: string, maxTokens: number): Promise<string> {
  const response = await fetch(`${origin}/answer`, { method: "POST", body: bodyOf(maxTokens) })
  return ((await response.json()) as { id: string }).id
}

/** Reads an answer on one connection. `ended` resolves with the error of the connection, if it has one. */
async function read(origin: string, id: string) {
  const response = await fetch(`${origin}/answer?id=${id}`)
  const reader = { server: response.headers.get("x-demo-process")!, events: [] as SseEvent[] }
  const pull = async () => {
    for await (const event of readEvents(response)) reader.events.push(event)
  }
  return Object.assign(reader, { ended: pull().catch((error: unknown) => error) })
}

const chunksOf = (events: readonly SseEvent[]) =>
  events.filter(({ data }) => data.startsWith("{")).map(({ data }) => JSON.parse(data) as ChatCompletionChunk)

const wordsOf = (events: readonly SseEvent[]) =>
  chunksOf(events)
    .map(({ choices }) => choices?.[0]?.delta?.content ?? "")
    .join("")

const writersOf = (events: readonly SseEvent[]) => [
  ...new Set(chunksOf(events).flatMap(({ system_fingerprint: name }) => (name ? [name] : []))),
]

describeWithRedis.concurrent("the demo with two processes on Redis", () => {
  test("npm start sends an answer from both processes, with the same words, and both share the channel", async (context) => {
    const { expect } = context
    const { origin, demo } = await startDemo(context)
    expect(demo.output.out).toContain("(two processes on Redis, Ctrl-C ends it)")
    const id = await ask(origin, 7)
    const [one, other] = [await read(origin, id), await read(origin, id)]
    expect(one.server).not.toBe(other.server)
    await Promise.all([one.ended, other.ended])
    expect(other.events).toEqual(one.events)
    expect(wordsOf(one.events)).toBe("Server-sent events are a text format")
    expect([one.server, other.server]).toContain(writersOf(one.events)[0])
    expect(one.events.at(-1)?.data).toBe("[DONE]")

    const rooms = [await fetch(`${origin}/channel`), await fetch(`${origin}/channel`)].map((room) => readEvents(room))
    for (let left = 4; left > 0; left--) {
      await fetch(`${origin}/api/channel`, { method: "POST", body: JSON.stringify({ events: 1 }) })
    }
    for (const room of rooms) {
      const ticks: unknown[] = []
      while (ticks.length < 4) ticks.push((await room.next()).value?.data)
      expect(ticks).toEqual([1, 2, 3, 4].map((tick) => `{"tick":${tick}}`))
      await room.return()
    }
  })

  test.skipIf(isWithoutChromium)(
    "the demo's page kills the process of its answer, reports it as lost as every reader does, and continues it",
    async (context) => {
      const { expect } = context
      const { origin } = await startDemo(context)
      const browser = await chromium.launch({ executablePath: findChromium()!, args: chromiumArguments })
      context.onTestFinished(() => browser.close())
      const page = await browser.newPage()
      await page.goto(origin)
      await page.click('#durable [data-action="ask"]')
      await page.locator("#durable .answer span").nth(4).waitFor()
      const id = (await page.evaluate(() => localStorage.getItem("steadystream-demo-answer")))!
      const readers = [await read(origin, id), await read(origin, id)]
      await page.click('#durable [data-action="kill"]')

      // The connections of the killed process break, and the readers of the other one get the end.
      const failures = await Promise.all(readers.map(({ ended }) => ended))
      expect(failures.filter((failure) => failure instanceof SseConnectionError)).toHaveLength(1)
      const { events } = readers[failures.indexOf(undefined)]!
      const end = events.pop()!
      expect(end.lastEventId).toMatch(/\.end$/)
      expect(JSON.parse(end.data)).toMatchObject({ error: { code: "lost" } })
      await waitForText(page, "#durable .badge", "lost")
      expect(await textOf(page, "#durable .answer")).toBe(wordsOf(events))
      // The page read from the process that is gone, and came back to the other one with its cursor.
      expect(await fact(page, "#durable", "resumed")).toMatch(/^after event \d+$/)
      expect(await fact(page, "#durable", "server")).not.toBe(await fact(page, "#durable", "writer"))
      expect((await fetch(`${origin}/api/kill?answer=${id}`, { method: "POST" })).status).toBe(409)

      await page.click('#durable [data-action="continue"]')
      await page.locator('#durable .answer [data-from="live"]').nth(2).waitFor()
      expect(await fact(page, "#durable", "processes")).toMatch(/^process \d \(\d+\), process 3 \(\d+\)$/)
      await page.click('#durable [data-action="stop"]')
      await waitForText(page, "#durable .badge", "cancelled")
      const whole = await read(origin, id)
      await whole.ended
      expect(whole.events.slice(0, events.length)).toEqual(events)
      expect(writersOf(whole.events)).toHaveLength(2)
      expect(wordsOf(whole.events)).toBe(await textOf(page, "#durable .answer"))
      expect(ANSWER.startsWith(wordsOf(whole.events))).toBe(true)
    },
  )

  test("npm start ends its processes on SIGTERM, and the answer that they write as lost", async (context) => {
    const { expect } = context
    const { origin, demo, redis } = await startDemo(context)
    const id = await ask(origin, 50)
    const reader = await read(origin, id)
    const { processes } = (await (await fetch(`${origin}/api/processes`)).json()) as { processes: { name: string }[] }
    demo.child.kill("SIGTERM")
    expect(await demo.exited).toEqual([0, null])
    await reader.ended
    for (const { name } of processes) expect(() => process.kill(Number(/\((\d+)\)/.exec(name)![1]), 0)).toThrow("ESRCH")
    expect(demo.output.err).toBe("")
    expect(await redis.command("HGET", `steadystream-demo:{answer:${id}}:m`, "d")).toBe("lost")
  })

  test("npm start ends with an error if no Redis answers, without the address or the password", async (context) => {
    const { expect, onTestFinished } = context
    const redis = await startRedis()
    onTestFinished(() => redis.stop())
    redis.hold()
    const held = runDemo({ REDIS_URL: redis.url }, onTestFinished)
    const refused = runDemo({ REDIS_URL: "redis://user:secret@127.0.0.1:1" }, onTestFinished)
    const wrong = runDemo({ REDIS_URL: "secret" }, onTestFinished)
    for (const [demo, reason] of [
      [held, "no answer within 3 s"],
      [refused, "ECONNREFUSED"],
      [wrong, "ERR_INVALID_URL"],
    ] as const) {
      expect(await demo.exited).toEqual([1, null])
      expect(demo.output.err).toBe(`Cannot serve the demo: REDIS_URL must name a Redis that answers (${reason})\n`)
    }
  })
})
