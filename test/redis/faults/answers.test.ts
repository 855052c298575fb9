import { createAnswers } from "steadystream/server"
import { expect, onTestFinished, test } from "vitest"
import { type AnswerReader, startAnswerReader } from "../../support/answer-reader.ts"
import { countDelivery, expectWhole, printCounts } from "../../support/delivery-counts.ts"
import type { Cut } from "../../support/faulty-proxy.ts"
import { CLIENTS, type ClientName, redisStoreOfTest } from "../../support/redis-node.ts"
import type { RedisServer } from "../../support/redis-server.ts"
import { numbers, patiently, storedIn } from "../../support/stored-events.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"
import { describeWithRedis, proxyOfTest, redisOfTest } from "../../support/with-redis.ts"

failOnUnhandledRejections()

/** Answers of a node for one test. */
async function answersOf(url: string, options: { client?: ClientName; lease?: number } = {}) {
  const { lease = 5_000, client = "redis" } = options
  const store = await redisStoreOfTest(url, { client })
  const errors: unknown[] = []
  const answers = createAnswers({ store, lease, minInterval: 0, onError: (error) => errors.push(error) })
  onTestFinished(() => answers.closeAll({ within: 0 }))
  return { store, answers, errors }
}

/** A source of numbers that a test ends, and whether it was aborted. */
function sourceOf(until: () => boolean) {
  const source = { made: 0, isAborted: false }
  async function* make(signal: AbortSignal) {
    signal.addEventListener("abort", () => (source.isAborted = true))
    while (!until() && !signal.aborted) {
      yield { data: `${++source.made}` }
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }
  return Object.assign(source, { make })
}

const CUTS: readonly Cut[] = ["cut-before", "cut-after", "cut-inside", "cut-reply"]

/** The ways in which an answer disappears from Redis while it is produced. */
const losses: readonly [string, (server: RedisServer) => Promise<unknown>][] = [
  ["FLUSHALL", (server) => server.command("FLUSHALL")],
  ["a restart without persistence", (server) => server.restart()],
  ["the eviction of its entries", async (server) => server.command("DEL", await keyOf(server, "l"))],
  ["the eviction of its state", async (server) => server.command("DEL", await keyOf(server, "m"))],
]

async function keyOf(server: RedisServer, kind: string): Promise<string> {
  return ((await server.command("KEYS", `*:${kind}`)) as string[])[0]!
}

describeWithRedis("answers in a Redis that fails", () => {
  test.each(CLIENTS)(
    "an answer over %s of which every append is cut is stored once, and read whole",
    async (client) => {
      const server = await redisOfTest()
      const proxy = await proxyOfTest(server)
      const { answers } = await answersOf(proxy.url, { client })
      const other = await answersOf(server.url)
      const seen = new Set<string>()
      const source = sourceOf(() => seen.size >= 15)
      const readers: AnswerReader[] = []
      proxy.onCommand = ({ args }) => {
        const events = args.find((arg) => arg.startsWith("data: "))
        const isRead = readers.length > 0 && readers.every((reader) => reader.events.length > 0)
        if (events === undefined || seen.has(events) || !isRead) return undefined
        seen.add(events)
        return CUTS[seen.size % CUTS.length]
      }
      const answer = await answers.start("answer", source.make)
      readers.push(startAnswerReader(answers, "answer"), startAnswerReader(other.answers, "answer"))
      expect((await answer.ended).status).toBe("done")
      await expect.poll(() => readers.map(({ end }) => end), patiently).toEqual(["clean", "clean"])
      expect(await storedIn(other.store, "answer:answer")).toEqual(numbers(1, source.made))
      const counts = readers.map(({ events }) =>
        countDelivery(
          numbers(1, source.made),
          events.map(({ data }) => data),
        ),
      )
      printCounts(`an answer, every append cut, ${client}`, { cuts: proxy.counts.cuts, appends: seen.size })
      expect(proxy.counts.cuts).toBeGreaterThanOrEqual(15)
      expectWhole(`readers of an answer over ${client}`, counts)
    },
  )

  test.each(losses)(
    "after %s an answer ends for its producer and for every reader, and nothing false is read",
    async (loss, lose) => {
      const server = await redisOfTest()
      const { answers } = await answersOf(server.url, { lease: 2_000 })
      const other = await answersOf(server.url, { lease: 2_000 })
      const source = sourceOf(() => false)
      const answer = await answers.start("answer", source.make)
      const readers = [startAnswerReader(answers, "answer"), startAnswerReader(other.answers, "answer")]
      await expect.poll(() => readers.every(({ events }) => events.length > 10), patiently).toBe(true)
      await lose(server)
      expect((await answer.ended).status).toBe("lost")
      expect(source.isAborted).toBe(true)
      await expect.poll(() => readers.every(({ end }) => end !== undefined), patiently).toBe(true)
      for (const { events } of readers) {
        const all = events.map(({ event, data }) => (event === "message" ? data : event))
        const seen = all.filter((data) => /^\d+$/.test(data))
        printCounts(`an answer after ${loss}`, { made: source.made, seen: seen.length })
        expect(seen).toEqual(numbers(1, seen.length))
        // A reader sees that the answer is not whole.
        expect(all.at(-1)).toMatch(/^steadystream\.(gap|end)$/)
      }
      // A part of it is never shown as the whole.
      const late = startAnswerReader(other.answers, "answer")
      await expect.poll(() => late.end, patiently).toMatchObject({ status: 404 })
    },
  )

  test("an answer whose Redis does not answer for longer than the lease is lost, and ends everywhere", async () => {
    const server = await redisOfTest()
    const { answers } = await answersOf(server.url, { lease: 1_500 })
    const other = await answersOf(server.url, { lease: 1_500 })
    const source = sourceOf(() => false)
    const answer = await answers.start("answer", source.make)
    const readers = [startAnswerReader(answers, "answer"), startAnswerReader(other.answers, "answer")]
    await expect.poll(() => readers.every(({ events }) => events.length > 10), patiently).toBe(true)
    server.hold()
    await new Promise((resolve) => setTimeout(resolve, 1_900))
    server.release()
    expect((await answer.ended).status).toBe("lost")
    await expect.poll(() => readers.map(({ end }) => end), patiently).toEqual(["clean", "clean"])
    const stored = await storedIn(other.store, "answer:answer")
    expect(stored).toEqual(numbers(1, stored.length))
    expect(source.isAborted).toBe(true)
    for (const { events } of readers) {
      expect(events.slice(0, -1).map(({ data }) => data)).toEqual(stored)
      expect(events.at(-1)!.event).toBe("steadystream.end")
    }
  })
})
