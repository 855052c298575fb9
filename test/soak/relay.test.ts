import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { onTestFinished, expect, test } from "vitest"
import { DONE, encodeChunk, relay, type Relay, type ChatSnapshot } from "steadystream/openai"
import { sendEventStream } from "steadystream/node"

const STREAMS = 1_000
const CHUNKS = 64
const TEXT = "sixteen letters.".repeat(32)

/** Opens after `count` arrivals. */
class Barrier {
  #missing: number
  #open!: () => void
  readonly opened: Promise<void> = new Promise((resolve) => (this.#open = resolve))

  constructor(count: number) {
    this.#missing = count
  }

  reach(): void {
    if (--this.#missing === 0) this.#open()
  }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => void server.listen({ port: 0, host: "127.0.0.1", backlog: 2048 }, resolve))
  onTestFinished(async () => {
    const closed = new Promise((resolve) => void server.close(resolve))
    server.closeAllConnections()
    await closed
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function memory(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    await new Promise((resolve) => setImmediate(resolve))
    ;(globalThis as { gc?: () => void }).gc!()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** A block of a chat completion. */
function block(content: string, finishReason: string | null = null): string {
  const choices = [{ index: 0, delta: { content }, finish_reason: finishReason }]
  return encodeChunk({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices })
}

/** Writes as fast as the other side reads, and returns false if the other side has left. */
async function write(res: ServerResponse, text: string): Promise<boolean> {
  if (!res.write(text)) {
    await new Promise<void>((resolve) => {
      const goOn = (): void => {
        res.off("drain", goOn).off("close", goOn)
        resolve()
      }
      res.on("drain", goOn).on("close", goOn)
    })
  }
  return !res.destroyed
}

/** Requests `url` over a separate connection. */
function ask(url: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(url, { method: "POST", agent: false }, resolve).on("error", reject).end()
  })
}

async function textOf(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of response) pieces.push(piece as Buffer)
  return Buffer.concat(pieces).toString()
}

/** A server that relays the answers of `provider`, with a list of its relays. */
async function relayServer(
  provider: string,
): Promise<{ readonly url: string; readonly relays: Relay<ChatSnapshot>[] }> {
  const relays: Relay<ChatSnapshot>[] = []
  const server = createServer((req, res) => {
    const answer = relay((signal) => fetch(provider + req.url!, { method: "POST", signal }))
    relays.push(answer)
    void sendEventStream(req, res, answer, { keepAlive: 0 })
  })
  return { url: await listen(server), relays }
}

test("relay() carries 1,000 whole streams at once, in memory for their snapshots and a chunk each", async () => {
  const begun = new Barrier(STREAMS)
  const nearlyOver = new Barrier(STREAMS)
  const goOn = new Barrier(1)
  const finish = new Barrier(1)
  const answer = async (res: ServerResponse): Promise<void> => {
    res.writeHead(200, { "content-type": "text/event-stream" })
    await write(res, block(TEXT))
    begun.reach()
    await goOn.opened
    for (let n = 1; n < CHUNKS; n++) await write(res, block(TEXT))
    nearlyOver.reach()
    await finish.opened
    res.end(block("", "stop") + DONE)
  }
  const provider = createServer((_, res) => void answer(res))
  const { url, relays } = await relayServer(await listen(provider))

  const answers = Array.from({ length: STREAMS }, () => ask(url).then(textOf))
  await begun.opened
  const before = await memory()
  goOn.reach()
  await nearlyOver.opened
  await expect
    .poll(() => relays.filter(({ snapshot }) => snapshot.choices[0]?.content?.length === TEXT.length * CHUNKS).length, {
      timeout: 30_000,
    })
    .toBe(STREAMS)
  const grown = (await memory()) - before
  finish.reach()

  const whole = block(TEXT).repeat(CHUNKS) + block("", "stop") + DONE
  for (const text of answers) expect(await text).toBe(whole)
  const ends = await Promise.all(relays.map(({ ended }) => ended))
  expect(ends.every(({ reason, chunks }) => reason === "done" && chunks === CHUNKS + 1)).toBe(true)
  // This process also holds the text that each client has received, and the buffers of the connections.
  const snapshots = STREAMS * CHUNKS * TEXT.length
  const received = STREAMS * whole.length
  const perStream = grown - snapshots - received
  console.log(`memory beyond snapshots and what the clients keep: ${Math.round(perStream / STREAMS)} bytes a stream`)
  expect(perStream / STREAMS).toBeLessThan(32 * 1024)
})

test("relay() slows only the provider of a slow browser", async () => {
  const BIG = "x".repeat(64 * 1024)
  const total = 1024
  let taken = 0
  const answer = async (isSlow: boolean, res: ServerResponse): Promise<void> => {
    res.writeHead(200, { "content-type": "text/event-stream" })
    for (let n = 0; n < (isSlow ? total : CHUNKS); n++) {
      if (!(await write(res, block(isSlow ? BIG : TEXT)))) return
      if (isSlow) taken++
    }
    res.end(block("", "stop") + DONE)
  }
  const provider = createServer((req, res) => void answer(req.url === "/slow", res))
  const { url, relays } = await relayServer(await listen(provider))

  const slow = await ask(`${url}/slow`)
  slow.pause()
  const others = Array.from({ length: 100 }, () => ask(`${url}/fast`).then(textOf))
  for (const text of others) expect((await text).endsWith(DONE)).toBe(true)
  // At most the system's buffers of two connections.
  expect(taken).toBeGreaterThan(0)
  expect(taken * BIG.length).toBeLessThan((total * BIG.length) / 2)
  const text = await textOf(slow)
  expect(text.endsWith(DONE)).toBe(true)
  expect(text.length).toBe(block(BIG).length * total + (block("", "stop") + DONE).length)
  expect((await relays[0]!.ended).reason).toBe("done")
})
