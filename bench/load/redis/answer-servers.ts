/*
 * What brings the tokens of an answer to its readers. All get them from the same relay of the provider. With Redis, readers
 * are on another node than the producer, in the same process.
 */
import { sleep } from "../stamp.ts"
import { type Client, connectClient } from "./clients.ts"
import { addEntry, readEntries } from "./fanouts.ts"
import { tokenBlocks, type TokenRate } from "./token-source.ts"

export interface AnswerServer {
  /** Starts an answer. Resolves when it can be read, with a promise of its end. */
  start(id: string, rate: TokenRate): Promise<{ readonly ended: Promise<unknown> }>
  /** Reads an answer from its first token. */
  read(id: string): Promise<AsyncIterable<string>>
  close(): Promise<unknown>
}

/** By name; the first is the one that the others are compared with. */
export const answerServers = {
  relay: openRelay,
  memory: openMemory,
  redis: (url) => openAnswers(url, undefined),
  "redis-each": (url) => openAnswers(url, 0),
  "resumable-first": (url) => openResumable(url, false),
  resumable: (url) => openResumable(url, true),
  xread: openStreams,
} as const satisfies Record<string, (url: string) => Promise<AnswerServer>>

export type AnswerServerName = keyof typeof answerServers

export const answerTitles: Readonly<Record<AnswerServerName, string>> = {
  relay: "`relay` alone",
  memory: "`createAnswers`, `memoryStore`",
  redis: "`createAnswers`, `redisStore`",
  "redis-each": "`createAnswers`, `redisStore`, `minInterval: 0`",
  "resumable-first": "resumable-stream, the first reader",
  resumable: "resumable-stream, a reader that resumes",
  xread: "XADD for each token, a blocking XREAD for each reader",
}

const textOf = (bytes: ReadableStream<Uint8Array<ArrayBuffer>>): ReadableStream<string> =>
  bytes.pipeThrough(new TextDecoderStream())

/** The relay of a provider that streams tokens. */
async function relayOf(rate: TokenRate) {
  const { relay } = await import("steadystream/openai")
  return relay(tokenBlocks(rate))
}

async function openRelay(): Promise<AnswerServer> {
  const bodies = new Map<string, ReadableStream<Uint8Array<ArrayBuffer>>>()
  return {
    async start(id, rate) {
      const relayed = await relayOf(rate)
      bodies.set(id, relayed.toReadableStream())
      return relayed
    },
    read: async (id) => textOf(bodies.get(id)!),
    close: async () => {},
  }
}

async function openMemory(): Promise<AnswerServer> {
  const { createAnswers } = await import("steadystream/server")
  const answers = createAnswers()
  return {
    start: (id, rate) => answers.start(id, () => relayOf(rate)),
    read: async (id) => textOf((await answers.respond(new Request("http://localhost/"), id)).body!),
    close: () => answers.closeAll({ within: 0 }),
  }
}

/** @param minInterval - `undefined` for that of the store. */
async function openAnswers(url: string, minInterval: number | undefined): Promise<AnswerServer> {
  const { createAnswers } = await import("steadystream/server")
  const { redisStore } = await import("steadystream/redis")
  const clients = [await connectClient(url), await connectClient(url)] as const
  const stores = [redisStore(clients[0]), redisStore(clients[1])] as const
  const producer = createAnswers({ store: stores[0], minInterval })
  const readers = createAnswers({ store: stores[1] })
  return {
    start: (id, rate) => producer.start(id, () => relayOf(rate)),
    read: async (id) => textOf((await readers.respond(new Request("http://localhost/"), id)).body!),
    async close() {
      await Promise.all([producer, readers].map((answers) => answers.closeAll({ within: 0 })))
      await Promise.all(stores.map((store) => store.close()))
      closeAll(clients)
    },
  }
}

/** The reader that starts a stream gets it from its source, and all others through Redis. */
async function openResumable(url: string, resumes: boolean): Promise<AnswerServer> {
  const { createResumableStreamContext } = await import("resumable-stream")
  const clients = await Promise.all(Array.from({ length: 4 }, () => connectClient(url)))
  const contextOf = (at: number) =>
    createResumableStreamContext({ waitUntil: null, publisher: clients[at]!, subscriber: clients[at + 1]! })
  const [producer, readers] = [contextOf(0), contextOf(2)]
  const first = new Map<string, ReadableStream<string> | null>()
  return {
    async start(id, rate) {
      const relayed = await relayOf(rate)
      const make = () => textOf(relayed.toReadableStream())
      first.set(id, await producer.createNewResumableStream(id, make))
      return relayed
    },
    async read(id) {
      return (resumes ? await readers.resumeExistingStream(id) : first.get(id))!
    },
    async close() {
      // What it still publishes after the end would be refused, which nothing handles.
      await sleep(200)
      closeAll(clients)
    },
  }
}

async function openStreams(url: string): Promise<AnswerServer> {
  const producer = await connectClient(url)
  const readers: Client[] = []
  const produce = async (id: string, rate: TokenRate) => {
    for await (const block of textOf((await relayOf(rate)).toReadableStream())) await addEntry(producer, id, block)
  }
  return {
    start: async (id, rate) => ({ ended: produce(id, rate) }),
    async read(id) {
      const client = await connectClient(url)
      readers.push(client)
      return new ReadableStream({
        async start(controller) {
          await readEntries(client, id, "0", (text) => {
            controller.enqueue(text)
            return !text.includes("[DONE]")
          })
          controller.close()
        },
      })
    },
    close: async () => closeAll([producer, ...readers]),
  }
}

function closeAll(clients: readonly Client[]): void {
  for (const client of clients) client.destroy()
}
