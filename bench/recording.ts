/*
 * Measures the CPU time that recording adds to reading 1 MB. Each stream is read from a connection to a server in another
 * process, which sends each chunk by itself, and from memory, where reading a chunk costs least.
 * Usage, after a build: node bench/recording.ts
 */
import { fork } from "node:child_process"
import { once } from "node:events"
import { createServer, type ServerResponse } from "node:http"
import type * as Root from "steadystream"
import type * as Openai from "steadystream/openai"
import type * as Testing from "steadystream/testing"
import { type Budget, compare, measure } from "./measure.ts"

const BUDGET: Budget = { warmUp: 300_000, samples: 3_000_000, minRounds: 15, maxRounds: 31 }

/** The time between two chunks of a server, in milliseconds, in which a client reads one. */
const GAP = 0.1

type Bytes = Uint8Array<ArrayBuffer>

function chatStream(): Bytes {
  const chunk = (delta: object, finish: string | null) =>
    `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
  let text = ""
  for (let token = 0; text.length < 1_000_000; token++) text += chunk({ content: ` token${token % 97}` }, null)
  return new TextEncoder().encode(`${text}${chunk({}, "stop")}data: [DONE]\n\n`)
}

function deliver(body: Bytes, delivery: string): Bytes[] {
  if (delivery === "token") {
    const blocks = new TextDecoder().decode(body).match(/[^]*?\n\n/g) ?? []
    return blocks.map((block) => new TextEncoder().encode(block))
  }
  return Array.from({ length: Math.ceil(body.length / 16_384) }, (_, at) => body.slice(at * 16_384, (at + 1) * 16_384))
}

/** Sends the chunks one by one. A timer is too slow for that, so it waits in turns of the event loop. */
async function send(response: ServerResponse, chunks: readonly Bytes[]): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream" })
  for (const chunk of chunks) {
    if (!response.write(chunk)) await once(response, "drain")
    const sent = performance.now()
    while (performance.now() - sent < GAP) await new Promise((resolve) => setImmediate(resolve))
  }
  response.end()
}

if (process.send !== undefined) {
  const body = chatStream()
  const bodies = new Map(["/token", "/16k"].map((path) => [path, deliver(body, path.slice(1))]))
  const server = createServer((request, response) => void send(response, bodies.get(request.url!)!))
  server.listen(0, "127.0.0.1", () => process.send!((server.address() as { port: number }).port))
} else {
  await main()
}

/** The built package, not its sources. */
async function built(name: string): Promise<unknown> {
  return import(new URL(`../dist/${name}.js`, import.meta.url).href)
}

async function main(): Promise<void> {
  const { readEvents } = (await built("index")) as typeof Root
  const { readChatCompletions } = (await built("openai")) as typeof Openai
  const { record } = (await built("testing")) as typeof Testing
  const readers: Readonly<Record<string, (response: Response) => AsyncIterable<unknown>>> = {
    readEvents: (response) => readEvents(response),
    readChatCompletions: (response) => readChatCompletions(response),
  }
  const server = fork(import.meta.filename)
  const [port] = (await once(server, "message")) as [number]

  const read = async (name: string, response: Response): Promise<number> => {
    let count = 0
    for await (const _ of readers[name]!(response)) count++
    return count
  }
  const cell = async (
    title: string,
    name: string,
    open: (fetch: typeof globalThis.fetch) => Promise<Response>,
    fetch: typeof globalThis.fetch,
  ) => {
    const recorder = record()
    const events = await read(name, await open(recorder.fetch(fetch)))
    const chunks = recorder.recording.entries.filter(({ type }) => type === "chunk").length
    const contenders = [
      { name: "read", run: async () => read(name, await open(fetch)) },
      { name: "recorded", run: async () => read(name, await open(record().fetch(fetch))) },
    ]
    const [plain, recorded] = compare(await measure<never>(contenders, [], BUDGET))
    const { low, median, high } = recorded!.ratio
    const percent = (ratio: number) => `${((ratio - 1) * 100).toFixed(0)} %`
    console.log(
      `| ${title} | ${name} | ${chunks} | ${events} | ${(plain!.micros / 1_000).toFixed(1)} | ${percent(median)} (${percent(low)} to ${percent(high)}) |`,
    )
  }

  console.log("| source | reader | chunks | events | reading, ms | recording adds |")
  console.log("| --- | --- | ---: | ---: | ---: | ---: |")
  const body = chatStream()
  for (const delivery of ["token", "16k"]) {
    const chunks = deliver(body, delivery)
    for (const name of Object.keys(readers)) {
      const url = `http://127.0.0.1:${port}/${delivery}`
      await cell(`connection, ${delivery}`, name, (fetch) => fetch(url), globalThis.fetch)
      await cell(
        `memory, ${delivery}`,
        name,
        (fetch) => fetch(url),
        async () => responseOf(chunks),
      )
    }
  }
  server.kill()
}

function responseOf(chunks: readonly Bytes[]): Response {
  let index = 0
  const body = new ReadableStream<Bytes>(
    {
      pull(controller) {
        if (index < chunks.length) controller.enqueue(chunks[index++]!)
        else controller.close()
      },
    },
    { highWaterMark: 0 },
  )
  return new Response(body, { headers: { "content-type": "text/event-stream" } })
}
