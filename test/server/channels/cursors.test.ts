import * as fc from "fast-check"
import { createChannels, type EventStore, memoryStore } from "steadystream/server"
import { expect, test } from "vitest"
import { tagOf } from "../../../src/server/delivery/client-cursor.ts"
import { ChannelClient, settleTasks } from "../../support/channel-client.ts"
import { describeChannelStores, type OpenChannelWorld } from "../../support/channel-worlds.ts"
import { parseModel } from "../../support/model.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"

failOnUnhandledRejections()

const KEPT = 4
// Redis trims at each sixteenth event.
const LOGS = { a: 16, b: 3, tenant: 32 }
const GAP = "steadystream.gap"

/** A store with three logs, of which `a` and `tenant` have been trimmed. */
async function filledStore(open: OpenChannelWorld) {
  let turn = 0
  const world = await open({ random: () => (turn++ % 97) / 97, retention: { events: KEPT } })
  const store = world.store()
  const cursors = new Map<string, string[]>()
  for (const [name, count] of Object.entries(LOGS)) {
    for (let n = 1; n <= count; n++) {
      const stored = await store.append(name, [{ text: `data: ${name}${n}\n\n` }])
      cursors.set(name, [...(cursors.get(name) ?? []), ...stored.cursors])
    }
  }
  return { world, store, cursors }
}

/** Counts what is asked of a store, by the name of the log. */
function spied(store: EventStore) {
  const calls = new Set<string>()
  const watched = new Proxy(store, {
    get(target, key: Exclude<keyof EventStore, "appendInterval" | "findChanged">) {
      const method = target[key]?.bind(target) as ((...args: unknown[]) => unknown) | undefined
      if (method === undefined) return undefined
      return (name: string, ...rest: unknown[]) => {
        calls.add(`${key} ${name}`)
        return method(name, ...rest)
      }
    },
  })
  return { watched, calls }
}

const own = fc.constantFrom("a", "b")
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom("start", "end", "0-0", "-", "a-", "-1", "zz_9-3", "__proto__", "\n\n", "x\ndata: evil\n\n", "\0"),
  fc.constantFrom("x".repeat(100_000), `${"a".repeat(65)}-1`, "a-9007199254740992", "a-01", ",".repeat(50)),
)

/** A cursor for one log: the log that it is of, or a text, and its sequence. */
const single = fc.oneof(
  fc.record({ log: fc.constantFrom("a", "b", "tenant", "absent"), sequence: fc.nat(35) }),
  fc.record({ text }),
)
const whole = fc.oneof(
  single.map((cursor) => ({ parts: [{ tag: undefined as string | undefined, cursor }] })),
  fc
    .array(fc.record({ tag: fc.oneof(own, fc.constantFrom("tenant", "unknown")), cursor: single }), {
      minLength: 1,
      maxLength: 5,
    })
    .map((parts) => ({ parts })),
)

/** Checks what a client got of one channel: the events after its place, or one gap and everything that is kept. */
function checkOne(client: ChannelClient, name: string, given: string | undefined, log: readonly string[]): void {
  const epoch = log[0]!.split("-")[0]!
  const first = Math.max(0, log.length - KEPT)
  const got = client.read.events.filter(
    ({ event, data }) =>
      data.startsWith(name) ||
      (event === GAP && (JSON.parse(data) as { resumesAt: string }).resumesAt.startsWith(epoch)),
  )
  const all = (after: number) => Array.from({ length: log.length - after }, (_, at) => `${name}${after + at + 1}`)
  if (given === undefined) return expect(got).toEqual([])
  const [, sequence] = new RegExp(`^${epoch}-(0|[1-9]\\d*)$`).exec(given) ?? []
  const isPlace = sequence !== undefined && Number(sequence) >= first && Number(sequence) <= log.length
  const events = got.map(({ event, data }) => (event === GAP ? GAP : data))
  expect(events).toEqual(isPlace ? all(Number(sequence)) : [GAP, ...all(first)])
  if (!isPlace) expect(JSON.parse(got[0]!.data)).toMatchObject({ from: given, resumesAt: `${epoch}-${first}` })
}

describeChannelStores("cursors of clients", (open, kind) => {
  test("a cursor of a client is a place in its log or exactly one gap, whatever its text is", async () => {
    const { world, store, cursors } = await filledStore(open)
    const absent = (await store.read("absent", "end")).next
    await fc.assert(
      fc.asyncProperty(whole, fc.subarray(["a", "b"], { minLength: 1 }), async ({ parts }, names) => {
        const written = parts.map(({ tag, cursor }) => {
          const log = "log" in cursor ? cursor.log : ""
          const epoch = (cursors.get(log)?.[0] ?? absent).split("-")[0]
          const value = "log" in cursor ? `${epoch}-${cursor.sequence}` : cursor.text
          return { log, value, tag, text: tag === undefined ? value : `${tagOf(tag)}:${value}` }
        })
        const given = written.map((part) => part.text).join(",")
        const { watched, calls } = spied(store)
        const channels = createChannels({ clock: world.clock, store: watched })
        const client = new ChannelClient(channels, names, { cursor: given })
        await world.settle()
        for (const name of names) {
          // What is no cursor of several channels is that of every channel.
          const isPlain = !given.split(",").some((part) => part.indexOf(":") === 6)
          const part = isPlain
            ? given
            : given
                .split(",")
                .findLast((each) => each.startsWith(`${tagOf(name)}:`))
                ?.slice(7)
          checkOne(client, name, given === "" ? undefined : part, cursors.get(name)!)
        }
        expect(client.data.filter((data) => data.startsWith("tenant") || data === "evil")).toEqual([])
        for (const call of calls) expect([...names, undefined]).toContain(call.split(" ")[1])
        expect([...calls].filter((call) => /^(?:append|drop|claim|cancel)/.test(call))).toEqual([])
        await channels.closeAll({ within: 0 })
      }),
      { numRuns: kind === "memoryStore" ? 2_000 : 200 },
    )
  })
})

test("a cursor from the query never writes a line into the stream", async () => {
  const channels = createChannels({ keepAlive: 0 })
  await channels.publish("a", { data: "1" })
  const evil = encodeURIComponent(`${tagOf("a")}:x,${tagOf("b")}:y\nevent: evil\ndata: evil`)
  const response = await channels.respond(new Request(`http://x/?lastEventId=${evil}`), ["a", "b"])
  const body = response.text()
  await settleTasks()
  await channels.closeAll()
  const { events } = parseModel(await body)
  expect(events.map(({ event, data }) => (event === GAP ? GAP : data))).toEqual([GAP, GAP, "1"])
})

test("a place that is not known yet is no cursor that a client could come back with", async () => {
  const inner = memoryStore()
  let open: () => void = () => {}
  const isOpen = new Promise<void>((resolve) => (open = resolve))
  const store: EventStore = Object.assign(Object.create(inner) as EventStore, {
    append: inner.append.bind(inner),
    watch: inner.watch.bind(inner),
    async read(...args: Parameters<EventStore["read"]>) {
      if (args[0] === "b") await isOpen
      return inner.read(...args)
    },
  })
  const channels = createChannels({ store })
  const client = new ChannelClient(channels, ["a", "b"])
  await settleTasks()
  await channels.publish("a", { data: "1" })
  expect(client.read.lastEventId).toMatch(/^.{6}:\w+-1$/)
  open()
  await settleTasks()
  // Without an event, too: otherwise the client would miss what comes in the second channel while it is away.
  expect(client.read.lastEventId).toMatch(/^.{6}:\w+-1,.{6}:\w+-0$/)
  await channels.publish("a", { data: "2" })
  expect(client.read.lastEventId).toMatch(/^.{6}:\w+-2,.{6}:\w+-0$/)
  expect(client.data).toEqual(["1", "2"])
  await channels.closeAll()
})
