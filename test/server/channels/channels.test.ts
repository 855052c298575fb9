import { createServer } from "node:http"
import { expect, onTestFinished, test } from "vitest"
import { readEvents, type SseEvent } from "steadystream"
import { subscribe } from "steadystream/client"
import { sendChannels } from "steadystream/node"
import { type ConnectOptions, createChannels, type EventStore } from "steadystream/server"
import { describeChannelStores } from "../../support/channel-worlds.ts"
import { listen } from "../../support/listen.ts"

/** Channels behind a node:http server; the path is the list of names. */
async function serveChannels(store: EventStore, connect: ConnectOptions = {}) {
  const channels = createChannels({ store })
  const server = createServer((req, res) => {
    const names = new URL(req.url!, "http://x").pathname.slice(1).split(",")
    void sendChannels(channels, req, res, names, connect)
  })
  const origin = await listen(server)
  onTestFinished(() => channels.closeAll({ within: 0 }))
  return { channels, origin }
}

async function take(url: string, count: number, options: Parameters<typeof subscribe>[1] = {}): Promise<SseEvent[]> {
  const events: SseEvent[] = []
  for await (const event of subscribe(url, { ...options, retry: { initialDelay: 1 } })) {
    events.push(event as SseEvent)
    if (events.length === count) break
  }
  return events
}

describeChannelStores("createChannels()", (open) => {
  test("a client gets what is published after it came, with cursors as IDs", async () => {
    const world = await open()
    const { channels, origin } = await serveChannels(world.store())
    await channels.publish("news", { data: "before" })
    const seen = take(`${origin}/news`, 2)
    await expect.poll(() => channels.size("news")).toBe(1)
    await world.settle()
    const { cursor } = await channels.publish("news", { event: "note", data: "1" })
    await channels.publish("other", { data: "x" })
    await channels.publish("news", { data: "2" })
    expect((await seen).map(({ event, data }) => [event, data])).toEqual([
      ["note", "1"],
      ["message", "2"],
    ])
    expect((await seen)[0]!.id).toBe(cursor)
  })

  test("a client that comes back with its cursor gets what it missed, once", async () => {
    const world = await open()
    const { channels, origin } = await serveChannels(world.store())
    const { cursor } = await channels.publish("news", { data: "1" })
    for (const data of ["2", "3", "4"]) await channels.publish("news", { data })
    const seen = await take(`${origin}/news`, 3, { lastEventId: cursor })
    expect(seen.map(({ data }) => data)).toEqual(["2", "3", "4"])
    expect(channels.stats()).toMatchObject({ published: 4, replayed: 3 })
  })

  test("a client that comes back too late gets the gap first, with an ID to come back with", async () => {
    // Redis trims at each sixteenth event.
    const world = await open({ retention: { events: 2 } })
    const { channels, origin } = await serveChannels(world.store())
    const { cursor } = await channels.publish("news", { data: "1" })
    for (let n = 2; n <= 16; n++) await channels.publish("news", { data: `${n}` })
    const gaps: unknown[] = []
    const seen = await take(`${origin}/news`, 2, { lastEventId: cursor, onGap: (gap) => gaps.push(gap) })
    expect(seen.map(({ data }) => data)).toEqual(["15", "16"])
    const resumesAt = cursor.replace(/1$/, "14")
    expect(gaps).toEqual([{ from: cursor, reason: "trimmed", resumesAt }])
  })

  test("one connection has several channels and one cursor", async () => {
    const world = await open()
    const { channels, origin } = await serveChannels(world.store())
    const seen = take(`${origin}/a,b`, 2)
    await expect.poll(() => channels.size("b")).toBe(1)
    await world.settle()
    await channels.publish("a", { data: "a1" })
    await channels.publish("b", { data: "b1" })
    const { lastEventId } = (await seen)[1]!
    await channels.publish("a", { data: "a2" })
    await channels.publish("b", { data: "b2" })
    const later = await take(`${origin}/a,b`, 2, { lastEventId })
    expect(later.map(({ data }) => data).toSorted()).toEqual(["a2", "b2"])
  })

  test("closeAll() ends every client cleanly with a time to come back, and refuses new ones", async () => {
    const world = await open()
    const { channels, origin } = await serveChannels(world.store())
    const response = await fetch(`${origin}/news`)
    const body = response.text()
    await world.settle()
    await channels.closeAll({ retry: 1234 })
    expect(await body).toMatch(/^:\n\nid: \w+-0\n\nretry: 1234\n\n$/)
    expect((await fetch(`${origin}/news`)).status).toBe(503)
    await expect(channels.publish("news", { data: "x" })).rejects.toMatchObject({ code: "session-closed" })
  })

  test("a client that has got no event yet misses nothing when it comes back", async () => {
    const world = await open()
    const { channels, origin } = await serveChannels(world.store())
    const response = await fetch(`${origin}/news`)
    const reader = readEvents(response)
    const first = reader.next()
    await expect.poll(() => channels.size("news")).toBe(1)
    await world.settle()
    await expect.poll(() => reader.lastEventId).not.toBe("")
    const { lastEventId } = reader
    await reader.return?.()
    await first
    await channels.publish("news", { data: "meanwhile" })
    const seen = await take(`${origin}/news`, 1, { lastEventId })
    expect(seen.map(({ data }) => data)).toEqual(["meanwhile"])
  })

  test("a client gets what is published from the call of onOpen on, after what onOpen sends", async () => {
    const world = await open()
    let publish: (name: string) => void = () => {}
    const connect: ConnectOptions = {
      onOpen(session) {
        void session.send({ event: "state", data: "0" })
        publish("news")
      },
    }
    const { channels, origin } = await serveChannels(world.store(), connect)
    publish = (name) => void channels.publish(name, { data: "joined" })
    for (let client = 0; client < 2; client++) {
      const seen = await take(`${origin}/news`, 2)
      expect(seen.map(({ event, data, id }) => [event, data, id !== undefined])).toEqual([
        ["state", "0", false],
        ["message", "joined", true],
      ])
    }
  })

  test("cursor() of several channels is where a client of all of them begins", async () => {
    const world = await open()
    const { channels, origin } = await serveChannels(world.store())
    await channels.publish("a", { data: "before" })
    const lastEventId = await channels.cursor(["a", "b"])
    await channels.publish("a", { data: "a1" })
    await channels.publish("b", { data: "b1" })
    const seen = await take(`${origin}/a,b`, 2, { lastEventId })
    expect(seen.map(({ data }) => data).toSorted()).toEqual(["a1", "b1"])
  })
})
