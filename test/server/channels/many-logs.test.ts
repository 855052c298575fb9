import { createChannels, type EventStore, memoryStore } from "steadystream/server"
import { ManualClock } from "steadystream/testing"
import { expect, test } from "vitest"
import { ChannelClient, settleTasks } from "../../support/channel-client.ts"
import { randomOf } from "../../support/unreliable-store.ts"

/** A store whose reads last until the next task, and which counts those under way. */
class SlowStore {
  reads = 0
  underWay = 0
  most = 0
  readonly store: EventStore

  constructor(inner: EventStore) {
    this.store = {
      append: (...args) => inner.append(...args),
      read: async (...args) => {
        this.reads++
        this.most = Math.max(this.most, ++this.underWay)
        await new Promise((resolve) => setImmediate(resolve))
        this.underWay--
        return inner.read(...args)
      },
      watch: (...args) => inner.watch(...args),
      claim: (...args) => inner.claim(...args),
      cancel: (...args) => inner.cancel(...args),
      drop: (log) => inner.drop(log),
      close: () => inner.close(),
    }
  }
}

const LOGS = 500

async function openAll() {
  const clock = new ManualClock({ random: randomOf(7) })
  const slow = new SlowStore(memoryStore({ clock }))
  const channels = createChannels({ store: slow.store, clock })
  const names = Array.from({ length: LOGS }, (_, at) => `room:${at}`)
  const clients = names.map((name) => new ChannelClient(channels, name))
  await expect.poll(() => names.every((name) => channels.size(name) === 1)).toBe(true)
  expect(clients.every(({ ending }) => ending === "open")).toBe(true)
  return { clock, slow, channels }
}

test("createChannels() keeps few reads under way when many channels are opened at once", async () => {
  const { slow, channels } = await openAll()
  expect(slow.reads).toBe(LOGS)
  expect(slow.most).toBe(100)
  await channels.closeAll()
})

test("createChannels() spreads the checks of many channels over their time", async () => {
  const { clock, slow, channels } = await openAll()
  slow.reads = 0
  const rounds: number[] = []
  for (let second = 0; second < 18; second++) {
    const before = slow.reads
    await clock.advance(1_000)
    await settleTasks()
    rounds.push(slow.reads - before)
  }
  // Each is checked once in 15 s, and some again after that.
  expect(slow.reads).toBeGreaterThanOrEqual(LOGS)
  expect(Math.max(...rounds)).toBeLessThan(LOGS / 5)
  await channels.closeAll()
})
