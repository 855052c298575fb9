import { expect, test } from "vitest"
import { Channel } from "../../src/internal/channel.ts"

const MiB = 1024 * 1024
const collect = (globalThis as unknown as { gc: () => void }).gc

test("Channel keeps none of the items that it has delivered, however long a consumer waits", async () => {
  const channel = new Channel<Uint8Array>(() => {})
  collect()
  const before = process.memoryUsage().arrayBuffers
  channel.push(new Uint8Array(1))
  for (let times = 0; times < 1000; times++) {
    channel.push(new Uint8Array(64 * 1024))
    await channel.next()
  }
  expect(channel.size).toBe(1)
  // Array buffers are freed some time after their collection.
  const kept = () => process.memoryUsage().arrayBuffers - before
  for (let turn = 0; turn < 50 && kept() >= MiB; turn++) {
    collect()
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  expect(kept()).toBeLessThan(MiB)
})
