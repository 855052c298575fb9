/*
 * What sends the events of logs in Redis to sessions: channels, and the way of many small libraries as a control, in which
 * each session waits with an XREAD of its own. Sessions are in this process, and no sockets but those to Redis.
 */
import type { RedisServer } from "../../../test/support/redis-server.ts"
import { sleep, until } from "../stamp.ts"
import { type Client, connectClient } from "./clients.ts"

/** The sessions of one or more nodes. */
export interface Fanout {
  /** Opens a session that gets what is published from then on. */
  open(log: string, onEvent: () => void): Promise<unknown>
  publish(log: string, data: string): Promise<unknown>
  close(): Promise<unknown>
}

export type OpenFanout = (redis: RedisServer, nodes: number) => Promise<Fanout>

export const fanouts = { channels: openChannels, xread: openReads } as const satisfies Record<string, OpenFanout>

export type FanoutName = keyof typeof fanouts

export const fanoutTitles: Readonly<Record<FanoutName, string>> = {
  channels: "`createChannels`",
  xread: "a blocking XREAD for each session",
}

const OPEN_DEADLINE = 60_000

/** The channels of the nodes, each with a store of its own. A session is opened on one node after the other. */
async function openChannels({ url }: RedisServer, nodes: number): Promise<Fanout> {
  const opened = await Promise.all(Array.from({ length: nodes }, () => openNode(url)))
  let sessions = 0
  return {
    open: (log, onEvent) => opened[sessions++ % nodes]!.open(log, onEvent),
    publish: (log, data) => opened[0]!.hub.publish(log, { event: "news", data }),
    close: () => Promise.all(opened.map((node) => node.close())),
  }
}

async function openNode(url: string) {
  const { createChannels } = await import("steadystream/server")
  const { redisStore } = await import("steadystream/redis")
  const client = await connectClient(url)
  const store = redisStore(client)
  const hub = createChannels({ store })
  const sizes = new Map<string, number>()
  return {
    hub,
    async open(log: string, onEvent: () => void): Promise<void> {
      const size = (sizes.get(log) ?? 0) + 1
      sizes.set(log, size)
      void readBlocks(await hub.respond(new Request("http://localhost/"), log), onEvent)
      // A session counts in the size of its log when it has its place.
      await until(() => hub.size(log) >= size, OPEN_DEADLINE, "a session must open")
    },
    async close(): Promise<void> {
      await hub.closeAll({ within: 1_000 })
      await store.close()
      client.destroy()
    },
  }
}

async function readBlocks(response: Response, onEvent: () => void): Promise<void> {
  for await (const chunk of response.body!) {
    const blocks = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString("latin1")
    for (let at = blocks.indexOf("\ndata: "); at >= 0; at = blocks.indexOf("\ndata: ", at + 1)) onEvent()
  }
}

/** Each session has a connection, because a command that waits takes one. Nodes make no difference. */
async function openReads(redis: RedisServer): Promise<Fanout> {
  const publisher = await connectClient(redis.url)
  const sessions: Client[] = []
  return {
    async open(log, onEvent) {
      const client = await connectClient(redis.url)
      sessions.push(client)
      const id = await client.clientId()
      void readEntries(client, log, "$", onEvent)
      const isWaiting = async () =>
        / flags=b /u.test(String(await publisher.sendCommand(["CLIENT", "LIST", "ID", String(id)])))
      await until(isWaiting, OPEN_DEADLINE, "a session must wait")
    },
    publish: (log, data) => addEntry(publisher, log, `event: news\ndata: ${data}\n\n`),
    async close() {
      for (const client of [publisher, ...sessions]) client.destroy()
      await sleep(100)
    },
  }
}

/** Stores an entry as those libraries do. */
export function addEntry(client: Client, log: string, text: string): Promise<string> {
  return client.xAdd(log, "*", { text }, { TRIM: { strategy: "MAXLEN", strategyModifier: "~", threshold: 10_000 } })
}

/** Reads the entries after `from` until the client is closed or `onEntry` returns false. */
export async function readEntries(
  client: Client,
  log: string,
  from: string,
  onEntry: (text: string) => unknown,
): Promise<void> {
  let last = from
  try {
    for (;;) {
      const [stream] = (await client.xRead({ key: log, id: last }, { BLOCK: 0, COUNT: 100 })) as unknown as Streams
      for (const { id, message } of stream!.messages) {
        last = id
        if (onEntry(message.text) === false) return
      }
    }
  } catch (error) {
    if (client.isOpen) throw error
  }
}

type Streams = readonly {
  readonly messages: readonly { readonly id: string; readonly message: { readonly text: string } }[]
}[]
