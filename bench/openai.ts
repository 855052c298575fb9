/*
 * Compares reading OpenAI chunks in a loop with the official package. Each body is a recorded chat, repeated to about
 * 1 MB and cut as a connection delivers it. Each pass counts the chunks and touches their text.
 * Usage, after a build: STEADYSTREAM_RECORDINGS=directory node bench/openai.ts [recording]
 */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { ChatCompletionStream } from "openai/lib/ChatCompletionStream"
import { Stream } from "openai/streaming"
import type * as Openai from "steadystream/openai"
import { type Budget, compare, measure } from "./measure.ts"

interface Chunk {
  readonly choices: { readonly delta: { readonly content?: string | null } }[]
}

type Run = (pieces: readonly Uint8Array[]) => Promise<number>

const BUDGET: Budget = { warmUp: 150_000, samples: 2_000_000, minRounds: 21, maxRounds: 61 }

// The built package, not its sources.
const { readChatCompletions } = (await import(new URL("../dist/openai.js", import.meta.url).href)) as typeof Openai

function respond(pieces: readonly Uint8Array[]): Response {
  let index = 0
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (index < pieces.length) controller.enqueue(pieces[index++]! as Uint8Array<ArrayBuffer>)
      else controller.close()
    },
  })
  return new Response(body, { headers: { "content-type": "text/event-stream" } })
}

const touch = ({ choices }: Chunk): number => 1 + (choices?.[0]?.delta?.content?.length ?? 0)

const contenders: Readonly<Record<string, Run>> = {
  async steadystream(pieces) {
    let sum = 0
    for await (const chunk of readChatCompletions<Chunk>(respond(pieces))) sum += touch(chunk)
    return sum
  },
  async "openai Stream"(pieces) {
    let sum = 0
    for await (const chunk of Stream.fromSSEResponse<Chunk>(respond(pieces), new AbortController())) sum += touch(chunk)
    return sum
  },
  async "JSON.parse alone"(pieces) {
    let sum = 0
    for (const payload of payloadsOf(pieces)) sum += touch(JSON.parse(payload) as Chunk)
    return sum
  },
  async "read + JSON.parse alone"(pieces) {
    let sum = 0
    const reader = respond(pieces).body!.getReader()
    while (!(await reader.read()).done);
    for (const payload of payloadsOf(pieces)) sum += touch(JSON.parse(payload) as Chunk)
    return sum
  },
  async "steadystream, snapshot read"(pieces) {
    let sum = 0
    const stream = readChatCompletions<Chunk>(respond(pieces))
    for await (const chunk of stream) sum += touch(chunk) + (stream.snapshot.choices[0]?.content === null ? 0 : 0)
    return sum
  },
}

/** The official helper, on a short stream, because it processes the whole snapshot for every chunk. */
const helper: Run = async (pieces) => {
  let sum = 0
  const lines = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const payload of payloadsOf(pieces)) controller.enqueue(new TextEncoder().encode(`${payload}\n`))
      controller.close()
    },
  })
  for await (const chunk of ChatCompletionStream.fromReadableStream(lines)) sum += touch(chunk)
  return sum
}

const payloads = new WeakMap<readonly Uint8Array[], string[]>()

function payloadsOf(pieces: readonly Uint8Array[]): string[] {
  let list = payloads.get(pieces)
  if (list === undefined) {
    const lines = Buffer.concat(pieces).toString().split("\n")
    list = lines.filter((line) => line.startsWith("data: {")).map((line) => line.slice(6))
    payloads.set(pieces, list)
  }
  return list
}

function deliver(text: string, delivery: string): Uint8Array[] {
  if (delivery === "token") return (text.match(/[^]*?\n\n/g) ?? []).map((block) => new TextEncoder().encode(block))
  const bytes = new TextEncoder().encode(text)
  const size = Number.parseInt(delivery, 10) * 1024
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size))
}

async function print(runs: Readonly<Record<string, Run>>, pieces: readonly Uint8Array[]): Promise<void> {
  const samples = await measure<Uint8Array>(
    Object.entries(runs).map(([name, run]) => ({ name, run })),
    pieces,
    BUDGET,
  )
  for (const { name, ratio } of compare(samples)) {
    const [low, median, high] = [ratio.low, ratio.median, ratio.high].map((value) => value.toFixed(2))
    console.log(`  ${name.padEnd(28)} x${median} of steadystream (${low} to ${high})`)
  }
}

const directory = process.env["STEADYSTREAM_RECORDINGS"]
if (directory === undefined)
  throw new Error('Cannot run the bench: "STEADYSTREAM_RECORDINGS" must be the directory of the recordings')
const wanted = process.argv[2] ?? "openai-text"
const file = readdirSync(directory).find((name) => name.includes("openai-chat") && name.includes(wanted))
if (file === undefined)
  throw new Error(`Cannot run the bench: the directory must have a recorded chat called ${wanted}`)
const recorded = readFileSync(join(directory, file), "utf8").replace("data: [DONE]\n\n", "")
const body = recorded.repeat(Math.ceil(1_000_000 / recorded.length)) + "data: [DONE]\n\n"

for (const delivery of ["token", "16 KiB", "64 KiB"]) {
  const pieces = deliver(body, delivery)
  const sums = await Promise.all(Object.values(contenders).map((run) => run(pieces)))
  if (new Set(sums).size > 1)
    throw new Error(`Cannot compare: the contenders must read the same, not ${sums.join(", ")}`)
  console.log(`${file}, ${delivery}`)
  await print(contenders, pieces)
}
const once = deliver(recorded + "data: [DONE]\n\n", "token")
console.log(`${file} once, token, with the snapshot`)
await print({ steadystream: contenders["steadystream, snapshot read"]!, "openai ChatCompletionStream": helper }, once)
