/* Channels: from Request to Response in this realm, and through a server of the runtime. */
import { readEvents, type SseEvent } from "steadystream"
import { type Channels, createChannels, memoryStore } from "steadystream/server"
import { subscribe } from "steadystream/client"
import { equal, ok } from "../checks.ts"
import type { SuiteCases, SuiteContext } from "../suite.ts"

/** How many events a channel of these cases keeps. */
const KEPT = 3

function channelsOf({ after }: SuiteContext): Channels {
  const channels = createChannels({ store: memoryStore({ retention: { events: KEPT } }), keepAlive: 50 })
  after(() => channels.closeAll({ within: 0 }))
  return channels
}

function requestFrom(cursor?: string): Request {
  return new Request("https://example.com/events", cursor === undefined ? {} : { headers: { "last-event-id": cursor } })
}

const labelOf = ({ event, data }: SseEvent): string =>
  event === "steadystream.gap" ? `gap ${(JSON.parse(data) as { reason: string }).reason}` : data

/** Reads `count` events of a response, and leaves it. */
async function take(response: Response, count: number): Promise<string[]> {
  const labels: string[] = []
  for await (const event of readEvents(response)) if (labels.push(labelOf(event)) === count) break
  return labels
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => void setTimeout(resolve, 5))
}

const inProcess: SuiteCases = {
  "a channel sends each event to every session, with its cursor": async (context) => {
    const channels = channelsOf(context)
    const readers = await Promise.all(
      [1, 2, 3].map(async () => readEvents(await channels.respond(requestFrom(), "news"))),
    )
    const first = readers.map((reader) => reader.next())
    await until(() => channels.size("news") === 3)
    const { cursor } = await channels.publish("news", { event: "tick", data: "✓" })
    for (const { value } of await Promise.all(first)) {
      equal(value, { event: "tick", data: "✓", id: cursor, lastEventId: cursor })
    }
    const closing = channels.closeAll()
    for (const reader of readers) equal((await reader.next()).done, true)
    await closing
  },
  "a channel goes on after the cursor of a client that comes back": async (context) => {
    const channels = channelsOf(context)
    const { cursor } = await channels.publish("news", { data: "1" })
    await channels.publish("news", { data: "2" })
    await channels.publish("news", { data: "3" })
    equal(await take(await channels.respond(requestFrom(cursor), "news"), 2), ["2", "3"])
  },
  "a channel sends a gap to a client that comes back too late or with a cursor of another log": async (context) => {
    const channels = channelsOf(context)
    const { cursor } = await channels.publish("news", { data: "0" })
    for (let n = 1; n <= 5; n++) await channels.publish("news", { data: `${n}` })
    equal(await take(await channels.respond(requestFrom(cursor), "news"), 4), ["gap trimmed", "3", "4", "5"])
    const [gap] = await take(await channels.respond(requestFrom("what is this"), "news"), 1)
    ok(gap?.startsWith("gap") === true, "it is a gap")
    const refused = await channels.respond(requestFrom(cursor), "news", { onGap: "refuse" })
    equal(refused.status, 410)
  },
  "a channel sends each session only the events that its filter accepts": async (context) => {
    const channels = channelsOf(context)
    const filter = ({ data }: SseEvent) => data !== "2"
    const response = await channels.respond(requestFrom(), ["news", "sport"], { filter })
    const taking = take(response, 2)
    await until(() => channels.size("news") === 1 && channels.size("sport") === 1)
    for (const data of ["1", "2"]) await channels.publish("news", { data })
    await channels.publish("sport", { data: "3" })
    equal(await taking, ["1", "3"])
    await until(() => channels.size() === 0)
  },
  "channels refuse new sessions and events after closeAll()": async (context) => {
    const channels = channelsOf(context)
    await channels.closeAll()
    equal((await channels.respond(requestFrom(), "news")).status, 503)
    equal(
      await channels.publish("news", { data: "a" }).then(
        () => "done",
        (error: { code?: string }) => error.code,
      ),
      "session-closed",
    )
  },
}

const overNetwork: SuiteCases = {
  "a served channel loses nothing for a subscription that is cut": async (context) => {
    const channels = channelsOf(context)
    const cuts: AbortController[] = []
    const origin = await context.serve((request) => {
      const cut = new AbortController()
      cuts.push(cut)
      return channels.respond(request, "news", { signal: cut.signal })
    })
    const seen: string[] = []
    const subscription = subscribe(`${origin}/events`, { retry: { initialDelay: 0, jitter: false } })
    const listening = subscription.listen({ onEvent: (event) => void seen.push(event.data) })
    await until(() => channels.size("news") === 1)
    await channels.publish("news", { data: "1" })
    await until(() => seen.length === 1)
    cuts[0]!.abort()
    for (const data of ["2", "3"]) await channels.publish("news", { data })
    await until(() => seen.length === 3)
    await until(() => channels.size("news") === 1)
    await channels.publish("news", { data: "4" })
    await until(() => seen.length === 4)
    subscription.close()
    await listening
    equal([seen, cuts.length], [["1", "2", "3", "4"], 2])
  },
  "a served channel ends the session of a client that leaves": async (context) => {
    const channels = channelsOf(context)
    const origin = await context.serve((request) => channels.respond(request, "news"))
    const leaving = new AbortController()
    const reader = (await fetch(`${origin}/events`, { signal: leaving.signal })).body!.getReader()
    const reading = reader.read().catch(() => {})
    await until(() => channels.size("news") === 1)
    leaving.abort()
    await reading
    await until(() => channels.size("news") === 0)
  },
}

export const channelsCases: SuiteCases = { ...inProcess, ...overNetwork }
