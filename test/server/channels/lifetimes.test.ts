import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { createChannels, memoryStore } from "steadystream/server"
import { ManualClock } from "steadystream/testing"
import { expect, test, vi } from "vitest"
import { ChannelClient, settleTasks } from "../../support/channel-client.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"
import { randomOf } from "../../support/unreliable-store.ts"

failOnUnhandledRejections()

setFlagsFromString("--expose-gc")
const gc = runInNewContext("gc") as () => void

const KEEP_ALIVE = ": keep-alive\n\n"

function blocksOf({ text }: ChannelClient): string[] {
  return text.split(/(?<=\n\n)/)
}

test("keepAlive sends a comment to an idle client only, with one timer for all", async () => {
  const clock = new ManualClock()
  const channels = createChannels({ clock, keepAlive: 8_000 })
  const clients = Array.from({ length: 50 }, () => new ChannelClient(channels, "news"))
  const busy = new ChannelClient(channels, "other")
  const waiting = new ChannelClient(channels, "news", { room: 1 })
  for (let second = 0; second < 40; second++) {
    if (second % 4 === 0) await channels.publish("other", { data: `${second}` })
    expect(clock.pendingTimers).toBe(1)
    await clock.advance(1_000)
  }
  const idle = blocksOf(clients[7]!)
  expect(idle.slice(0, 2)).toEqual([":\n\n", expect.stringMatching(/^id: \w+-0\n\n$/)])
  expect(idle.slice(2)).toEqual(Array.from({ length: idle.length - 2 }, () => KEEP_ALIVE))
  expect(idle.length - 2).toBeGreaterThanOrEqual(4)
  expect(idle.length - 2).toBeLessThanOrEqual(5)
  expect(busy.text).not.toContain(KEEP_ALIVE)
  expect(waiting.text).toBe(":\n\n")
})

test("keepAlive sends an ID without an event after filtered events, and then comments", async () => {
  const clock = new ManualClock()
  const channels = createChannels({ clock, keepAlive: 8_000 })
  const client = new ChannelClient(channels, ["a", "b"], { filter: ({ data }) => data !== "hidden" })
  await settleTasks()
  await channels.publish("a", { data: "1" })
  for (let n = 0; n < 3; n++) await channels.publish("b", { data: "hidden" })
  expect(client.read.lastEventId).toMatch(/-1,.*-0$/)
  await clock.advance(19_000)
  expect(client.read.lastEventId).toMatch(/-1,.*-3$/)
  expect(client.data).toEqual(["1"])
  expect(blocksOf(client).at(-1)).toBe(KEEP_ALIVE)
  expect(client.text.split("id: ").length - 1).toBe(3)
})

test("maxDuration ends each connection cleanly within 10 %, with a reconnection time before", async () => {
  for (const maxDuration of [2_000, 10_000, 60_000]) {
    const clock = new ManualClock({ random: randomOf(maxDuration) })
    const channels = createChannels({ clock, maxDuration, keepAlive: 0 })
    const ends: number[] = []
    for (let n = 0; n < 100; n++) {
      const opened = clock.now()
      const client = new ChannelClient(channels, "news")
      void client.session.closed.then(() => ends.push(clock.now() - opened))
      await clock.advance(maxDuration / 37)
      if (n === 0)
        void client.session.closed.then(() => expect(client.text).toMatch(/^:\n\nid: \w+-0\n\nretry: \d+\n\n$/))
    }
    await clock.advance(2 * maxDuration)
    expect(ends).toHaveLength(100)
    expect(Math.min(...ends)).toBeGreaterThanOrEqual(0.9 * maxDuration)
    expect(Math.max(...ends)).toBeLessThanOrEqual(1.1 * maxDuration)
    expect(Math.max(...ends) - Math.min(...ends)).toBeGreaterThan(0.05 * maxDuration)
    expect([channels.size(), clock.pendingTimers]).toEqual([0, 0])
  }
})

test("maxSessions refuses a client with 503 and a time, also one whose body is read later", async () => {
  const channels = createChannels({ maxSessions: 2 })
  const request = new Request("http://x/")
  const [first, second, third] = await Promise.all([1, 2, 3].map(() => channels.respond(request, "news")))
  const readers = [first, second].map((response) => response!.body!.getReader())
  for (const reader of readers) await reader.read()
  expect(channels.size()).toBe(2)
  const refused = await channels.respond(request, "news")
  expect([refused.status, refused.headers.get("retry-after"), refused.body]).toEqual([503, "5", null])
  expect(await third!.text()).toBe("retry: 1000\n\n")
  await readers[0]!.cancel()
  expect(channels.size()).toBe(1)
  expect((await channels.respond(request, "news")).status).toBe(200)
  await channels.closeAll({ within: 0 })
})

test("closeAll() ends everyone within the time, with reconnection times from 1 to 5 s", async () => {
  const clock = new ManualClock({ random: randomOf(5) })
  const channels = createChannels({ clock })
  const clients = Array.from({ length: 200 }, () => new ChannelClient(channels, "news"))
  const stalled = new ChannelClient(channels, "news", { room: 1 })
  const pending = await channels.respond(new Request("http://x/"), "news")
  const closed = channels.closeAll()
  expect(channels.size()).toBe(1)
  await clock.advance(999)
  expect(stalled.ending).toBe("open")
  await clock.advance(1)
  await closed
  expect(stalled.ending).toBe("broken")
  const retries = clients.map(
    ({ text, ending }) => [ending, Number(/^:\n\nretry: (\d+)\n\n$/.exec(text)?.[1])] as const,
  )
  for (const [ending, retry] of retries) {
    expect(ending).toBe("clean")
    expect(retry).toBeGreaterThanOrEqual(1_000)
    expect(retry).toBeLessThanOrEqual(5_000)
  }
  for (let from = 1_000; from < 5_000; from += 1_000) {
    const inside = retries.filter(([, retry]) => retry >= from && retry < from + 1_000)
    expect(inside.length).toBeGreaterThan(20)
  }
  // One that was accepted before, and read only now.
  expect(await pending.text()).toBe("retry: 1000\n\n")
  expect([channels.size(), clock.pendingTimers]).toEqual([0, 0])
  await channels.closeAll()
})

test("publish() after closeAll() rejects with session-closed and stores nothing", async () => {
  const channels = createChannels()
  const { cursor } = await channels.publish("news", { data: "1" })
  await channels.closeAll({ within: 0 })
  await expect(channels.publish("news", { data: "2" })).rejects.toMatchObject({
    name: "SseSessionError",
    code: "session-closed",
    retryable: false,
  })
  expect(await channels.cursor("news")).toBe(cursor)
  expect((await channels.respond(new Request("http://x/"), "news")).status).toBe(503)
})

test("drain() refuses new clients and ends the others one by one, while events go on", async () => {
  const clock = new ManualClock()
  const channels = createChannels({ clock })
  const clients = Array.from({ length: 100 }, () => new ChannelClient(channels, "news"))
  const stalled = new ChannelClient(channels, "news", { room: 1 })
  await settleTasks()
  const drained = channels.drain({ within: 10_000 })
  expect((await channels.respond(new Request("http://x/"), "news")).status).toBe(503)
  const left: number[] = []
  for (let second = 0; second < 10; second++) {
    await channels.publish("news", { data: `${second}` })
    left.push(channels.size())
    await clock.advance(1_000)
  }
  for (const [second, count] of left.entries()) expect(Math.abs(count - (101 - 10.1 * second))).toBeLessThan(3)
  await clock.advance(100)
  await drained
  expect(clients.map(({ ending }) => ending)).toEqual(clients.map(() => "clean"))
  expect(stalled.ending).toBe("broken")
  expect(clients.at(-1)!.data.length).toBeGreaterThan(8)
  await clock.advance(5_000)
  expect([channels.size(), clock.pendingTimers]).toEqual([0, 0])
})

test("drain() ends the others no faster for clients that take nothing", async () => {
  const clock = new ManualClock()
  const channels = createChannels({ clock, writeTimeout: 0 })
  const stalled = Array.from({ length: 50 }, () => new ChannelClient(channels, "news", { room: 1 }))
  const clients = Array.from({ length: 50 }, () => new ChannelClient(channels, "news"))
  await settleTasks()
  const drained = channels.drain({ within: 10_000 })
  await clock.advance(7_500)
  expect(Math.abs(clients.filter(({ ending }) => ending === "open").length - 25)).toBeLessThan(3)
  await clock.advance(2_600)
  await drained
  expect(stalled.every(({ ending }) => ending === "broken")).toBe(true)
})

test.each([
  ["closeAll", "closed"],
  ["drain", "open"],
] as const)("%s() with an endless time breaks no client", async (end, state) => {
  const warning = vi.spyOn(process, "emitWarning").mockImplementation(() => {})
  const channels = createChannels()
  const clients = Array.from({ length: 2 }, () => new ChannelClient(channels, "news", { room: 1 }))
  await settleTasks()
  const over = channels[end]({ within: Infinity })
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(clients.map(({ ending }) => ending)).toEqual(["open", "open"])
  // The first is drained at once.
  expect(clients[1]!.session.state).toBe(state)
  expect(warning).not.toHaveBeenCalled()
  for (const client of clients) client.leave()
  await over
})

test("a store that throws where it should watch or stop is reported, and rounds go on", async () => {
  const clock = new ManualClock()
  const store = memoryStore({ clock })
  const onError = vi.fn<(error: unknown) => void>()
  const channels = createChannels({ clock, store, onError, keepAlive: 1_000 })
  vi.spyOn(store, "watch")
    .mockImplementationOnce(() => {
      throw new Error("no watch")
    })
    .mockImplementationOnce(() => ({
      ready: Promise.resolve(),
      stop() {
        throw new Error("no stop")
      },
    }))
  const client = new ChannelClient(channels, "news")
  const other = new ChannelClient(channels, "other")
  await settleTasks()
  expect(onError.mock.lastCall).toEqual([new Error("no watch")])
  other.leave()
  await clock.advance(5_000)
  expect(onError.mock.lastCall).toEqual([new Error("no stop")])
  expect(client.text).toContain("keep-alive")
  await channels.closeAll()
  expect(client.ending).toBe("clean")
})

test("an aborted signal breaks the connection, before and after it opens", async () => {
  const channels = createChannels()
  const reason = new Error("stop")
  const controller = new AbortController()
  const client = new ChannelClient(channels, "news", { signal: controller.signal })
  await settleTasks()
  controller.abort(reason)
  expect([client.ending, client.error, channels.size()]).toEqual(["broken", reason, 0])
  const late = new ChannelClient(channels, "news", { signal: controller.signal })
  expect([late.ending, late.text, channels.size()]).toEqual(["broken", "", 0])
  const request = new Request("http://x/", { signal: AbortSignal.abort(reason) })
  await expect((await channels.respond(request, "news")).text()).rejects.toBe(reason)
  expect(channels.size()).toBe(0)
})

test("a reader of a log is closed when no session has used it for some rounds", async () => {
  const clock = new ManualClock()
  const channels = createChannels({ clock })
  const client = new ChannelClient(channels, "news")
  await clock.advance(60_000)
  client.leave()
  await clock.advance(10_000)
  expect(clock.pendingTimers).toBe(0)
  const again = new ChannelClient(channels, "news")
  await settleTasks()
  await channels.publish("news", { data: "1" })
  expect(again.data).toEqual(["1"])
})

test("clients that leave while the store does not answer are not kept", async () => {
  const store = memoryStore()
  vi.spyOn(store, "read").mockReturnValue(new Promise(() => {}))
  const channels = createChannels({ store })
  const stays = new ChannelClient(channels, "news")
  const left = Array.from({ length: 20 }, () => {
    const client = new ChannelClient(channels, "news")
    client.leave()
    return new WeakRef(client.session)
  })
  await settleTasks()
  gc()
  await settleTasks()
  gc()
  expect(left.filter((ref) => ref.deref() !== undefined).length).toBeLessThan(3)
  expect(stays.ending).toBe("open")
  await channels.closeAll()
})
