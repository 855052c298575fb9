import { redisStore } from "steadystream/redis"
import { ManualClock } from "steadystream/testing"
import { expect, test } from "vitest"
import { errorOf, events } from "../support/store-calls.ts"

/** A client that keeps every command until it is answered. */
function startKeeping() {
  const kept: { readonly name: string; readonly settle: (answer: unknown) => void }[] = []
  const connection = {
    command: ([name = ""]: readonly string[]) =>
      new Promise<unknown>((resolve, reject) => {
        const settle = (answer: unknown) => (answer instanceof Error ? reject(answer) : resolve(answer))
        kept.push({ name, settle })
      }),
    subscribe: async () => () => {},
  }
  return { kept, connection }
}

/** Until what was settled has reached the store. */
const turn = () => new Promise((resolve) => setTimeout(resolve))

test("redisStore() sends no more commands than may wait, however many operations are rejected meanwhile", async () => {
  const clock = new ManualClock()
  const { kept, connection } = startKeeping()
  const store = redisStore(connection, { clock, maxWaiting: 3 })
  const append = (log: string) => errorOf(store.append(log, events(1)))
  for (let round = 0; round < 5; round++) {
    const appends = ["a", "b", "c", "d"].map(append)
    await expect.poll(() => kept).toHaveLength(3)
    await turn()
    await clock.advance(2_000)
    expect((await Promise.all(appends)).map((error) => error?.code)).toEqual(appends.map(() => "store-unavailable"))
  }
  expect(kept).toHaveLength(3)
  expect((await append("a"))?.message).toContain('"maxWaiting"')
  for (const { settle } of kept) settle(new Error("Connection is closed"))
  await turn()
  const append4 = append("a")
  await turn()
  expect(kept).toHaveLength(4)
  kept[3]!.settle(["1", "epoch", "stored", "0", ""])
  expect(await append4).toBe(undefined)
})

test("redisStore() does not send a script in full for an operation that was rejected", async () => {
  const clock = new ManualClock()
  const { kept, connection } = startKeeping()
  const store = redisStore(connection, { clock })
  const append = errorOf(store.append("a", events(1)))
  await expect.poll(() => kept).toHaveLength(1)
  await clock.advance(2_000)
  await append
  kept[0]!.settle(new Error("NOSCRIPT No matching script"))
  await turn()
  expect(kept.map(({ name }) => name)).toEqual(["EVALSHA"])
  void errorOf(store.append("a", events(1)))
  await turn()
  kept[1]!.settle(new Error("NOSCRIPT No matching script"))
  await turn()
  expect(kept.map(({ name }) => name)).toEqual(["EVALSHA", "EVALSHA", "EVAL"])
})

test("redisStore() rejects of the appends behind a slow one only those whose time is over", async () => {
  const clock = new ManualClock()
  const { kept, connection } = startKeeping()
  const store = redisStore(connection, { clock })
  const ends: string[] = []
  const append = (text: string) =>
    void errorOf(store.append("a", [{ text }])).then((error) => ends.push(`${text} ${error?.code}`))
  append("first")
  await expect.poll(() => kept).toHaveLength(1)
  append("second")
  await clock.advance(1_500)
  append("third")
  await clock.advance(400)
  append("fourth")
  await clock.advance(100)
  await turn()
  expect(ends).toEqual(["first store-unavailable", "second store-unavailable"])
  await clock.advance(1_800)
  expect([ends.length, kept.length]).toEqual([2, 2])
  kept[1]!.settle(["1", "epoch", "stored", "0", "", "stored", "1", ""])
  await turn()
  expect(ends.slice(2)).toEqual(["third undefined", "fourth undefined"])
})
