/*
 * The servers that are compared. Each sends every event with its name, an ID and the same data to all of its sessions,
 * and sends its headers and first bytes at once. A server loads only its own packages.
 */
import type { RequestListener, ServerResponse } from "node:http"
import type { SSEStreamingApi } from "hono/streaming"
import type { EventStore, Session } from "steadystream/server"

export interface Contender {
  readonly listener: RequestListener
  /** Sends an event to all sessions, without waiting for slow ones. */
  publish(sequence: number, data: string): unknown
  /** Returns the number of sessions. */
  sessions(): number
  /** Sends an event to one session. Missing if sessions have no channel of their own. */
  publishToOne?(sequence: number, data: string): unknown
  /** Returns the ID of the newest event. Missing if the server keeps no events for clients that come back. */
  cursor?(): Promise<string>
}

const EVENT = "news"

/** By name; the first is the one that the others are compared with. */
export const contenders = {
  raw,
  "better-sse": betterSse,
  hono,
  sendEventStream: sendEventStreams,
  channels,
} as const satisfies Readonly<Record<string, () => Contender | Promise<Contender>>>

export type ContenderName = keyof typeof contenders

/** A contender, or what the tables of Redis compare with one. */
export type ServerName = ContenderName | "redis-channels" | "users" | "redis-users"

export const contenderNames = Object.keys(contenders) as readonly ContenderName[]

/** The names in the report. */
export const contenderTitles: Readonly<Record<ContenderName, string>> = {
  raw: "raw node:http",
  "better-sse": "better-sse",
  hono: "hono streamSSE",
  sendEventStream: "`sendEventStream`",
  channels: "`createChannels`",
}

/** The contenders of this package, which the goals are for. */
export const isOurs = (name: ContenderName): boolean => name === "sendEventStream" || name === "channels"

/** The least work: one buffer for all responses. */
function raw(): Contender {
  const responses = new Set<ServerResponse>()
  return {
    listener(_req, res) {
      responses.add(res)
      res.on("close", () => responses.delete(res))
      res.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" })
      res.write(":\n\n")
    },
    publish(sequence, data) {
      const block = Buffer.from(`event: ${EVENT}\nid: ${sequence}\ndata: ${data}\n\n`)
      for (const res of responses) res.write(block)
    },
    sessions: () => responses.size,
  }
}

async function betterSse(): Promise<Contender> {
  const { createChannel, createSession } = await import("better-sse")
  const channel = createChannel()
  return {
    listener: (req, res) => void createSession(req, res).then((session) => channel.register(session)),
    publish: (sequence, data) => channel.broadcast(data, EVENT, { eventId: String(sequence) }),
    sessions: () => channel.sessionCount,
  }
}

async function hono(): Promise<Contender> {
  const { getRequestListener } = await import("@hono/node-server")
  const { Hono } = await import("hono")
  const { streamSSE } = await import("hono/streaming")
  const streams = new Set<SSEStreamingApi>()
  const app = new Hono().get("/", (context) =>
    streamSSE(context, async (stream) => {
      const aborted = new Promise<void>((resolve) => stream.onAbort(resolve))
      streams.add(stream)
      await stream.write(":\n\n")
      await aborted
      streams.delete(stream)
    }),
  )
  const listener = getRequestListener(app.fetch)
  return {
    listener: (req, res) => void listener(req, res),
    publish(sequence, data) {
      for (const stream of streams) void stream.writeSSE({ event: EVENT, id: String(sequence), data })
    },
    sessions: () => streams.size,
  }
}

async function sendEventStreams(): Promise<Contender> {
  const { sendEventStream } = await import("steadystream/node")
  const sessions = new Set<Session>()
  return {
    listener: (req, res) =>
      void sendEventStream(req, res, (session) => {
        sessions.add(session)
        void session.closed.then(() => sessions.delete(session))
      }),
    publish(sequence, data) {
      const event = { event: EVENT, id: String(sequence), data }
      for (const session of sessions) void session.send(event)
    },
    sessions: () => sessions.size,
  }
}

/** The default store, which keeps 1,000 events and 1 MiB. */
async function channels(): Promise<Contender> {
  const { memoryStore } = await import("steadystream/server")
  return channelsOn(memoryStore())
}

/** Channels whose store is Redis. It is no contender, because the others need no other server. */
export async function redisChannels(url: string): Promise<Contender> {
  return channelsOn(await redisOf(url))
}

async function redisOf(url: string): Promise<EventStore> {
  const { redisStore } = await import("steadystream/redis")
  const { createClient } = await import("redis")
  const client = createClient({ url })
  await client.connect()
  return redisStore(client)
}

/** Channels whose sessions have one channel of their own and one that all have. */
export async function userChannels(): Promise<Contender> {
  const { memoryStore } = await import("steadystream/server")
  return channelsOn(memoryStore({ maxBytes: 2 ** 30 }), true)
}

export async function redisUserChannels(url: string): Promise<Contender> {
  return channelsOn(await redisOf(url), true)
}

async function channelsOn(store: EventStore, hasOwn = false): Promise<Contender> {
  const { sendChannels } = await import("steadystream/node")
  const { createChannels } = await import("steadystream/server")
  const hub = createChannels({ store })
  let users = 0
  return {
    listener: (req, res) => void sendChannels(hub, req, res, hasOwn ? [`user:${users++}`, EVENT] : EVENT),
    publishToOne: (sequence, data) =>
      hub.publish(`user:${users - 1 - (sequence % hub.size())}`, { event: "own", data }),
    publish: (_sequence, data) => hub.publish(EVENT, { event: EVENT, data }),
    sessions: () => hub.size(),
    cursor: () => hub.cursor(EVENT),
  }
}
