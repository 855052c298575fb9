import { readEvents } from "steadystream"
import { type Answers, createAnswers } from "steadystream/server"
import { expect, onTestFinished, test } from "vitest"
import { printCounts } from "../../support/delivery-counts.ts"
import type { FaultyProxy } from "../../support/faulty-proxy.ts"
import { CLIENTS, redisStoreOfTest, untilStored } from "../../support/redis-node.ts"
import { numbers, storedIn } from "../../support/stored-events.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"
import { randomOf } from "../../support/unreliable-store.ts"
import { describeWithRedis, proxyOfTest, redisOfTest } from "../../support/with-redis.ts"

failOnUnhandledRejections()

/** STEADYSTREAM_SEEDS sets another number of runs. */
const SEEDS = Number(process.env["STEADYSTREAM_SEEDS"] ?? 8)
const FIRST = Number(process.env["STEADYSTREAM_SEED"] ?? 1)
const EVENTS = 40
const ENDINGS = ["done", "failed", "cancelled", "taken over"] as const

type Draw = (count: number) => number

/** Reads an answer to its end in connections that the reader leaves after a few events, and returns what it has got. */
async function readInParts(nodes: readonly Answers[], draw: Draw): Promise<string[]> {
  const seen: string[] = []
  let lastEventId = ""
  for (;;) {
    const headers: Record<string, string> = lastEventId === "" ? {} : { "last-event-id": lastEventId }
    const node = nodes[draw(nodes.length)]!
    const [response] = await untilStored(() => node.respond(new Request("http://localhost/", { headers }), "answer"))
    if (response.status === 204) return seen
    expect(response.status).toBe(200)
    let left = 1 + draw(20)
    for await (const event of readEvents(response)) {
      seen.push(event.event === "message" ? event.data : `${event.event} ${event.data}`)
      lastEventId = event.lastEventId
      if (--left === 0) break
    }
  }
}

/** Makes some commands of the proxies fail. Returns how to stop that. */
function failAtRandom(proxies: readonly FaultyProxy[], draw: Draw): () => number {
  let faults = 0
  for (const proxy of proxies) {
    proxy.onCommand = () => {
      const drawn = draw(40)
      if (drawn > 4) return undefined
      faults++
      return (["cut-before", "cut-inside", "cut-after", "cut-reply", 20] as const)[drawn]
    }
  }
  return () => {
    for (const proxy of proxies) proxy.onCommand = undefined
    return faults
  }
}

/** One answer of two nodes that ends in one of four ways, with readers at both. */
async function runOnce(seed: number) {
  const random = randomOf(seed)
  const draw: Draw = (count) => Math.floor(random() * count)
  const server = await redisOfTest()
  const proxies = [await proxyOfTest(server), await proxyOfTest(server)]
  const nodes: Answers[] = []
  for (const [at, proxy] of proxies.entries()) {
    const store = await redisStoreOfTest(proxy.url, { client: CLIENTS[at]! })
    const answers = createAnswers({ store, lease: 5_000, minInterval: 2, onError: () => {} })
    onTestFinished(() => answers.closeAll({ within: 0 }))
    nodes.push(answers)
  }
  const [one, two] = nodes as [Answers, Answers]
  const ending = ENDINGS[draw(ENDINGS.length)]!
  const stopAt = 5 + draw(EVENTS - 10)
  let reached: () => void = () => {}
  const isReached = new Promise<void>((resolve) => (reached = resolve))
  async function* make(signal: AbortSignal, { events }: { readonly events: readonly unknown[] }) {
    for (let number = events.length + 1; number <= EVENTS && !signal.aborted; number++) {
      yield { data: `${number}` }
      if (number === stopAt) reached()
      if (number === stopAt && ending === "failed") throw new Error("the source failed")
      await new Promise((resolve) => setTimeout(resolve, draw(4)))
    }
  }
  await one.start("answer", make)
  const stop = failAtRandom(proxies, draw)
  const readers = Array.from({ length: 4 }, () => readInParts(nodes, draw))
  await isReached
  if (ending === "cancelled") await untilStored(() => two.cancel("answer", "why"))
  if (ending === "taken over") await untilStored(() => two.start("answer", make, { takeOver: true }))
  const all = await Promise.all(readers)
  const faults = stop()
  const store = await redisStoreOfTest(server.url)
  const { state } = await store.read("answer:answer", "end")
  const stored = await storedIn(store, "answer:answer")
  return { ending, all, faults, state, stored }
}

describeWithRedis("answers of a Redis that fails in many ways", { timeout: 30_000 * SEEDS }, () => {
  test("readers of an answer that connect again and again get it once and whole, and the same end", async () => {
    for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
      const { ending, all, faults, state, stored } = await runOnce(seed)
      printCounts(`random faults of an answer that is ${ending}, seed ${seed}`, { faults, events: stored.length })
      const status = ending === "taken over" ? "done" : ending
      // It may have been whole before it was cancelled.
      expect(ending === "cancelled" ? ["cancelled", "done"] : [status]).toContain(state.status)
      const hasEnd = state.status === "failed"
      const events = hasEnd ? stored.slice(0, -1) : stored
      expect(events).toEqual(numbers(1, events.length))
      if (state.status === "done") expect(events).toHaveLength(EVENTS)
      for (const seen of all) {
        const data = seen.filter((text) => !text.startsWith("steadystream."))
        expect(data).toEqual(events)
        const ends = seen.filter((text) => text.startsWith("steadystream.end"))
        expect([seed, ending, ends]).toEqual([
          seed,
          ending,
          state.status === "done" ? [] : [expect.stringContaining(state.status)],
        ])
      }
    }
  })
})
