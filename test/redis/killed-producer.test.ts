import { fileURLToPath } from "node:url"
import { createAnswers } from "steadystream/server"
import { expect, onTestFinished, test } from "vitest"
import { startAnswerReader } from "../support/answer-reader.ts"
import { startProgram } from "../support/channel-program.ts"
import { printCounts } from "../support/delivery-counts.ts"
import { redisStoreOfTest } from "../support/redis-node.ts"
import { dataOf, numbers, patiently } from "../support/stored-events.ts"
import { describeWithRedis, proxyOfTest, redisOfTest } from "../support/with-redis.ts"

const READERS = 20
const LEASE = 2_000
const program = fileURLToPath(new URL("answer-main.ts", import.meta.url))

/** The number that a chunk carries. */
const numberOf = (data: string) =>
  (JSON.parse(data) as { choices: readonly { delta: { content: string } }[] }).choices[0]!.delta.content.trim()

describeWithRedis("an answer whose producer is killed", () => {
  test("answers of a process that is killed end as lost for every reader of another one, after the last stored event", async () => {
    const redis = await redisOfTest()
    const proxy = await proxyOfTest(redis)
    const store = await redisStoreOfTest(proxy.url)
    const answers = createAnswers({ store, lease: LEASE })
    onTestFinished(() => answers.closeAll({ within: 0 }))
    const producer = await startProgram([process.execPath, program, redis.url, `${LEASE}`])
    const ids = ["numbers", "chunks"]
    const readers = Array.from({ length: READERS }, (_, at) => startAnswerReader(answers, ids[at % 2]!))
    await expect.poll(() => readers.every(({ events }) => events.length > 20), patiently).toBe(true)

    await producer.kill()
    const killedAt = performance.now()
    const { commands } = proxy.counts
    await expect.poll(() => readers.every(({ end }) => end === "clean"), patiently).toBe(true)
    const latest = Math.max(...readers.map(({ endedAt }) => endedAt! - killedAt))
    const seen = readers.reduce((sum, { events }) => sum + events.length - 1, 0)
    printCounts("a producer killed", {
      readers: READERS,
      seen,
      lease: LEASE,
      "last end after (ms)": Math.round(latest),
      commands: proxy.counts.commands - commands,
    })
    // Readers wait for the end of the lease, they do not ask again and again: a few commands for each of two logs.
    expect(proxy.counts.commands - commands).toBeLessThanOrEqual(20)

    for (const [at, { events }] of readers.entries()) {
      const id = ids[at % 2]!
      const { events: stored, state } = await store.read(`answer:${id}`, "start", { maxEvents: 100_000 })
      const all = stored.map((event) => (id === "numbers" ? dataOf(event) : numberOf(dataOf(event))))
      expect([all, state.status]).toEqual([numbers(1, all.length), "lost"])
      const last = events.at(-1)!
      expect(events.slice(0, -1).map(({ data }) => (id === "numbers" ? data : numberOf(data)))).toEqual(all)
      expect(last.lastEventId).toBe(`${state.last}.end`)
      expect(last.data).toContain("lost")
      expect(last.event).toBe(id === "numbers" ? "steadystream.end" : "message")
    }
    expect((await answers.state("numbers"))?.status).toBe("lost")
  })

  test("an answer of a process that is killed is taken over by another one, and a reader gets each event once", async () => {
    const redis = await redisOfTest()
    const answers = createAnswers({ store: await redisStoreOfTest(redis.url), lease: LEASE })
    onTestFinished(() => answers.closeAll({ within: 0 }))
    const producer = await startProgram([process.execPath, program, redis.url, `${LEASE}`])
    const reader = startAnswerReader(answers, "numbers")
    await expect.poll(() => reader.events.length, patiently).toBeGreaterThan(20)
    await producer.kill()
    // Before its lease has ended: the readers of it go on.
    const { ended } = await answers.start(
      "numbers",
      async function* (_signal, { events }) {
        for (let number = events.length + 1; number <= events.length + 10; number++) yield { data: `${number}` }
      },
      { takeOver: true },
    )
    expect((await ended).status).toBe("done")
    await expect.poll(() => reader.end, patiently).toBe("clean")
    expect(reader.events.map(({ data }) => data)).toEqual(numbers(1, reader.events.length))
  })
})
