import { createServer } from "node:http"
import { codec, defineEvents, type SseEventInit, type StandardSchemaV1, text } from "steadystream"
import { type ChannelsOptions, type ConnectOptions, createChannels, type Session } from "steadystream/server"
import { expect, test, vi } from "vitest"
import { sendChannels } from "steadystream/node"
import { ChannelClient } from "../../support/channel-client.ts"
import { describeChannelStores, type OpenChannelWorld } from "../../support/channel-worlds.ts"
import { listen } from "../../support/listen.ts"
import { parseModel } from "../../support/model.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"

failOnUnhandledRejections()

const GAP = "steadystream.gap"

/** Channels with the events 1 to 16, of which the store keeps 13 to 16: Redis trims at each sixteenth event. */
async function filledChannels(open: OpenChannelWorld) {
  const world = await open({ retention: { events: 4 } })
  const store = world.store()
  const channels = createChannels({ clock: world.clock, store })
  const cursors: string[] = []
  for (let n = 1; n <= 16; n++) cursors.push((await channels.publish("news", { data: `${n}` })).cursor)
  return { channels, world, cursors, epoch: cursors[0]!.split("-")[0]! }
}

describeChannelStores("requests to channels", (open) => {
  test("respond() answers HEAD with the headers only, without a session", async () => {
    const { channels } = await filledChannels(open)
    const response = await channels.respond(new Request("http://x/", { method: "HEAD" }), "news")
    expect([response.status, response.body, response.headers.get("content-type")]).toEqual([
      200,
      null,
      "text/event-stream; charset=utf-8",
    ])
    expect(channels.size()).toBe(0)
  })

  test("respond() answers HEAD with the status of GET, without a body", async () => {
    const { channels, cursors } = await filledChannels(open)
    const full = createChannels({ maxSessions: 0 })
    const head = (cursor = "") => new Request("http://x/", { method: "HEAD", headers: { "last-event-id": cursor } })
    const refused = await full.respond(head(), "news")
    expect([refused.status, refused.body, refused.headers.get("retry-after")]).toEqual([503, null, "5"])
    const gap = await channels.respond(head(cursors[0]), "news", { onGap: "refuse" })
    expect([gap.status, gap.body]).toEqual([410, null])
  })

  test.each([
    ["live", undefined, ["17"]],
    ["start", "start", ["13", "14", "15", "16", "17"]],
    ["no event back", 0, ["17"]],
    ["two events back", 2, ["15", "16", "17"]],
    ["more events back than are kept", 6, ["13", "14", "15", "16", "17"]],
    ["any number of events back", Infinity, ["13", "14", "15", "16", "17"]],
  ] as const)("since: %s", async (_, since, expected) => {
    const { channels, world } = await filledChannels(open)
    const client = new ChannelClient(channels, "news", since === undefined ? {} : { since })
    await world.settle()
    await channels.publish("news", { data: "17" })
    await world.settle()
    expect(client.data).toEqual(expected)
  })

  test("since is not used for a client with a cursor", async () => {
    const { channels, world, cursors } = await filledChannels(open)
    const client = new ChannelClient(channels, "news", { since: "start", cursor: cursors[14]! })
    await world.settle()
    expect(client.data).toEqual(["16"])
  })

  test("onGap: live reports the gap and goes on with the next event", async () => {
    const { channels, world, epoch } = await filledChannels(open)
    const client = new ChannelClient(channels, "news", { cursor: `${epoch}-1`, onGap: "live" })
    await world.settle()
    await channels.publish("news", { data: "17" })
    await world.settle()
    const [gap, ...rest] = client.read.events
    expect([gap!.event, JSON.parse(gap!.data), gap!.id]).toEqual([
      GAP,
      { from: `${epoch}-1`, reason: "trimmed", resumesAt: `${epoch}-16` },
      `${epoch}-16`,
    ])
    expect(rest.map(({ data }) => data)).toEqual(["17"])
    expect(channels.stats().gaps).toEqual({ unknown: 0, epoch: 0, trimmed: 1, future: 0 })
  })

  test.each([
    ["unknown", () => "nonsense", 410],
    ["start", () => "start", 410],
    ["trimmed", (epoch: string) => `${epoch}-11`, 410],
    ["future", (epoch: string) => `${epoch}-17`, 410],
    ["epoch", () => "other-3", 410],
    ["kept", (epoch: string) => `${epoch}-12`, 200],
    ["newest", (epoch: string) => `${epoch}-16`, 200],
  ])("onGap: refuse answers a cursor that is %s", async (_, cursorOf, status) => {
    const { channels, epoch } = await filledChannels(open)
    const headers = { "last-event-id": cursorOf(epoch) }
    const response = await channels.respond(new Request("http://x/", { headers }), "news", { onGap: "refuse" })
    expect(response.status).toBe(status)
    expect(response.body === null).toBe(status === 410)
    await response.body?.cancel()
    expect(channels.size()).toBe(0)
  })

  test("respond() reads the cursor from the header, and otherwise from the query", async () => {
    const { channels, cursors } = await filledChannels(open)
    const read = async (url: string, headers: HeadersInit = {}) => {
      const response = await channels.respond(new Request(url, { headers }), "news")
      const reader = response.body!.getReader()
      let received = ""
      for (let n = 0; n < 3; n++) received += new TextDecoder().decode((await reader.read()).value)
      await reader.cancel()
      return parseModel(received).events.map(({ data }) => data)
    }
    expect(await read(`http://x/?a=b&lastEventId=${cursors[13]}`)).toEqual(["15", "16"])
    expect(await read(`http://x/?lastEventId=${cursors[12]}`, { "last-event-id": cursors[13]! })).toEqual(["15", "16"])
  })

  test("onOpen sends before every event, without an ID, and may close", async () => {
    const { channels, world } = await filledChannels(open)
    const onOpen = (session: Session) => void session.send({ event: "welcome", data: "hi" })
    const client = new ChannelClient(channels, "news", { onOpen, since: "start" })
    await world.settle()
    expect(client.data).toEqual(["hi", "13", "14", "15", "16"])
    expect(client.read.events[0]!.id).toBeUndefined()
    const closed = new ChannelClient(channels, "news", {
      since: "start",
      onOpen(session) {
        onOpen(session)
        session.close()
      },
    })
    await world.settle()
    expect([closed.data, closed.ending, channels.size(), channels.size("news")]).toEqual([["hi"], "clean", 1, 1])
  })

  test("publish() of what the contract refuses stores nothing", async () => {
    const store = (await open()).store()
    const append = vi.spyOn(store, "append")
    const number = codec({
      encode: (data: number) => (Number.isNaN(data) ? (undefined as never) : `${data}`),
      decode: Number,
    })
    const validate = (value: unknown) => (value === "good" ? { value } : { issues: [{ message: "no" }] })
    const schema: StandardSchemaV1<string> = { "~standard": { version: 1, vendor: "test", validate } }
    const channels = createChannels({ store, events: defineEvents({ number, schema }) })
    const refused: SseEventInit[] = [
      { event: "schema", data: "bad" },
      { event: "other", data: "good" },
      { event: "schema" },
      { event: "schema", data: "good", id: "1" },
      { event: "schema", data: "good", more: 1 } as never,
      undefined as never,
    ]
    for (const event of refused) await expect(channels.publish("news", event as never)).rejects.toThrow(/^Cannot /)
    await expect(channels.publish("", { event: "schema", data: "good" })).rejects.toThrow("name")
    expect(append).not.toHaveBeenCalled()
    expect((await channels.publish("news", { event: "schema", data: "good" })).cursor).toMatch(/-1$/)
    expect(channels.stats().published).toBe(1)
  })

  test("publish() keeps the order of the calls, whatever order the schemas answer in", async () => {
    const world = await open()
    const answers: (() => void)[] = []
    const validate = (value: unknown) =>
      new Promise((resolve) =>
        answers.push(() => resolve(value === "bad" ? { issues: [{ message: "no" }] } : { value })),
      )
    const slow: StandardSchemaV1<string> = { "~standard": { version: 1, vendor: "test", validate: validate as never } }
    const channels = createChannels({ store: world.store(), events: defineEvents({ slow, quick: text() }) })
    const client = new ChannelClient(channels, ["a", "b"])
    await world.settle()
    const outcomes = [
      channels.publish("a", { event: "slow", data: "1" }),
      channels.publish("a", { event: "slow", data: "bad" }),
      channels.publish("a", { event: "quick", data: "2" }),
      channels.publish("a", { event: "slow", data: "3" }),
      channels.publish("b", { event: "quick", data: "b" }),
    ].map((published) =>
      published.then(
        ({ cursor }) => cursor.split("-")[1],
        () => "refused",
      ),
    )
    await world.settle()
    expect(client.data).toEqual(["b"])
    for (const answer of answers.toReversed()) {
      answer()
      await world.settle()
    }
    expect(await Promise.all(outcomes)).toEqual(["1", "refused", "2", "3", "1"])
    await world.settle()
    expect(client.data).toEqual(["b", '"1"', "2", '"3"'])
  })
})

test.each<[string, ChannelsOptions]>([
  ["keepAlive", { keepAlive: -1 }],
  ["maxDuration", { maxDuration: NaN }],
  ["writeTimeout", { writeTimeout: -5 }],
  ["maxSessions", { maxSessions: NaN }],
  ["store", { store: {} as never }],
  ["events", { events: {} as never }],
  ["clock", { clock: 5 as never }],
  ["onError", { onError: "x" as never }],
  ["retention", { retention: {} } as never],
])("createChannels() refuses a wrong %s at the call", (name, options) => {
  expect(() => createChannels(options)).toThrow(name)
})

test.each<[string, ConnectOptions]>([
  ["filter", { filter: true as never }],
  ["since", { since: -1 }],
  ["since", { since: "begin" as never }],
  ["onGap", { onGap: "throw" as never }],
  ["slow", { slow: "drop" as never }],
  ["slow.coalesce", { slow: {} as never }],
  ["slow.coalesce", { slow: { coalesce: null } as never }],
  ["onOpen", { onOpen: {} as never }],
  ["signal", { signal: {} as never }],
  ["onClose", { onClose: () => {} } as never],
])("respond() refuses a wrong %s at the call", async (name, options) => {
  const channels = createChannels()
  await expect(channels.respond(new Request("http://x/"), "news", options)).rejects.toThrow(name)
  expect(channels.size()).toBe(0)
})

test.each([[""], [[]], [[""]], [5], [undefined], [Array.from({ length: 65 }, (_, n) => `${n}`)]])(
  "respond() refuses the names %j",
  async (names) => {
    await expect(createChannels().respond(new Request("http://x/"), names as never)).rejects.toThrow(TypeError)
  },
)

test("closeAll() refuses a wrong time before it changes anything", async () => {
  const channels = createChannels()
  const client = new ChannelClient(channels, "news")
  for (const options of [{ retry: -1 }, { retry: 1.5 }, { within: -1 }, { after: 1 } as never]) {
    await expect(channels.closeAll(options)).rejects.toThrow(/must be|unknown/)
  }
  await expect(channels.drain({ within: NaN })).rejects.toThrow("within")
  await channels.publish("news", { data: "1" })
  expect(client.ending).toBe("open")
  expect((await channels.respond(new Request("http://x/"), "news")).status).toBe(200)
})

test.each<[string, unknown, string]>([
  ["an object", { names: ["a"] }, "must be a name or an array of names, not object"],
  ["nothing", undefined, "must be a name or an array of names, not undefined"],
  ["an empty array", [], "there must be 1 to 64 channels, not 0"],
  ["an empty name", ["a", ""], "its name must be a string that is not empty"],
  ["the name of an answer", ["a", "answer:7"], 'its name must not begin with "answer:" or "readers:"'],
  ["the name of the readers of an answer", "readers:7", 'its name must not begin with "answer:" or "readers:"'],
])("respond() refuses %s as names, and says what they may be", async (_, names, message) => {
  const channels = createChannels()
  await expect(channels.respond(new Request("http://x/"), names as never)).rejects.toThrow(message)
})

test("respond() refuses a word that since does not have, and names those that it has", async () => {
  const answer = createChannels().respond(new Request("http://x/"), "a", { since: "beginning" as never })
  await expect(answer).rejects.toThrow('"since" must be "live", "start" or a number, not string')
})

test.each(["steadystream.gap", "steadystream.end"])("publish() refuses the reserved name %s", async (event) => {
  const published = createChannels().publish("a", { event, data: "{}" })
  await expect(published).rejects.toThrow(`the name ${event} is reserved`)
})

test("a refusal has the headers of the caller, which another origin needs to read it", async () => {
  const headers = { "access-control-allow-origin": "*", "access-control-expose-headers": "retry-after" }
  const channels = createChannels({ maxSessions: 0 })
  const refused = await channels.respond(new Request("http://x/"), "a", { headers })
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"])
  expect(refused.headers.get("access-control-allow-origin")).toBe("*")
  const server = createServer((req, res) => void sendChannels(channels, req, res, "a", { headers }))
  const sent = await fetch(await listen(server))
  expect([sent.status, sent.headers.get("retry-after")]).toEqual([503, "5"])
  expect(sent.headers.get("access-control-allow-origin")).toBe("*")
})
