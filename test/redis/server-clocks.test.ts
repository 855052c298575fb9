import { redisStore } from "steadystream/redis"
import { ManualClock } from "steadystream/testing"
import { expect, test } from "vitest"
import { errorOf, events } from "../support/store-calls.ts"

/** Servers whose clocks are apart: each has one log, whose name is the difference of its clock. */
function startServers(clock: ManualClock) {
  const replies: string[] = []
  const connection = {
    command: async (args: readonly string[]) => {
      const [, difference] = /\{(\d+)\}/u.exec(args[3]!)!
      const now = clock.now() + Number(difference)
      const due = args[8]!
      const done = due !== "" && now > Number(due) ? "late" : "stored"
      replies.push(done)
      return done === "late" ? [`${now}`, done] : [`${now}`, "epoch", done, "0", ""]
    },
    subscribe: async () => () => {},
  }
  return { connection, replies }
}

test("redisStore() stores on servers of a cluster whose clocks are far apart", async () => {
  const clock = new ManualClock()
  const { connection, replies } = startServers(clock)
  const store = redisStore(connection, { clock })
  for (const log of ["1000000", "9000000", "1000000", "5000000", "9000000"]) {
    expect(await errorOf(store.append(log, events(1)))).toBe(undefined)
    await clock.advance(10)
  }
  expect(replies).toEqual(["stored", "late", "stored", "stored", "late", "stored", "late", "stored"])
})

test("redisStore() rejects what is late for the clock of a server that it knows", async () => {
  const clock = new ManualClock()
  let commands = 0
  const command = async () => {
    commands++
    return [`${clock.now()}`, "late"]
  }
  const store = redisStore({ command, subscribe: async () => () => {} }, { clock })
  expect((await errorOf(store.append("a", events(1))))?.message).toContain('"publishTimeout"')
  expect(commands).toBe(2)
})
