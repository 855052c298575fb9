/* The readers of OpenAI-style streams over the runtime's own fetch: a whole answer, and every way in which one ends. */
import { type ChunkSource, type ChunkStream, readChatCompletions, readChunks } from "steadystream/openai"
import { readCompletions, type ReadChunksOptions, readResponses, toChatCompletion } from "steadystream/openai"
import { subscribe } from "steadystream/client"
import { GATE, type Reply } from "../../../eventsource/script.ts"
import { equal, ok, rejection } from "../checks.ts"
import { ANSWER_TEXT, CHAT, CHAT_OPEN, COMPLETION, COMPLETION_OPEN, DONE_EVENT } from "../chunk-bodies.ts"
import { eventsOf, RESPONSE, RESPONSE_OPEN } from "../chunk-bodies.ts"
import type { SuiteCases, SuiteContext } from "../suite.ts"
import { AT_ONCE } from "./subscribe.ts"

interface Dialect {
  readonly name: string
  readonly whole: string
  readonly open: string
  read(source: ChunkSource, options?: ReadChunksOptions): ChunkStream<object, unknown>
}

const DIALECTS: readonly Dialect[] = [
  { name: "readChatCompletions", whole: CHAT, open: CHAT_OPEN, read: readChatCompletions },
  { name: "readCompletions", whole: COMPLETION, open: COMPLETION_OPEN, read: readCompletions },
  { name: "readResponses", whole: RESPONSE, open: RESPONSE_OPEN, read: readResponses },
]

async function textOf(stream: ChunkStream<object, unknown>): Promise<string> {
  let text = ""
  for await (const piece of stream.textDeltas()) text += piece
  return text
}

/** Asks the fixture server for one reply, as a function that passes the signal on to fetch. */
async function ask({ script }: SuiteContext, reply: Reply) {
  const played = await script([reply])
  return { ...played, request: (signal: AbortSignal) => fetch(played.url, { signal }) }
}

function bytesOneByOne(text: string): number[][] {
  return [...new TextEncoder().encode(text)].map((byte) => [byte])
}

function casesOf({ name, whole, open, read }: Dialect): SuiteCases {
  return {
    [`${name} returns the text of an answer that the network cut at every byte`]: async (context) => {
      const { request } = await ask(context, { body: bytesOneByOne(whole) })
      const stream = read(request)
      equal(await textOf(stream), ANSWER_TEXT)
      ok(["done", "terminal"].includes((await stream.ended).reason), "it is complete")
      equal(stream.response?.status, 200)
    },
    [`${name} takes no cut answer for a whole one, wherever it is cut`]: async () => {
      const bytes = new TextEncoder().encode(open)
      const cuts = Array.from({ length: bytes.length + 1 }, (_, at) => at)
      const codes = await Promise.all(cuts.map((at) => rejection(() => read([bytes.slice(0, at)]).collect())))
      const wrong = codes.findIndex(({ code }) => code !== "truncated" && code !== "not-a-stream")
      equal(wrong, -1, "the first cut with another error")
    },
    [`${name} fails if the connection ends before the answer does`]: async (context) => {
      const clean = await ask(context, { body: [open] })
      equal((await rejection(() => read(clean.request).collect())).code, "truncated")
      const reset = await ask(context, { body: [open, GATE], ending: "reset" })
      const stream = read(reset.request)
      let seen = 0
      const error = await rejection(async () => {
        for await (const _ of stream) if (++seen === 1) await reset.pass()
      })
      equal(error.code, "connection")
      equal((await stream.ended).reason, "error")
      ok(seen >= 1, "the chunks before it are read")
    },
    [`${name} closes the connection when its loop is left, at cancel() and at an abort`]: async (context) => {
      const stop = new AbortController()
      const leave: Readonly<Record<string, (stream: ChunkStream<object, unknown>) => unknown>> = {
        loop: () => true,
        cancel: (stream) => void stream.cancel(),
        abort: () => stop.abort(new RangeError("enough")),
      }
      for (const [way, act] of Object.entries(leave)) {
        const { request, closed } = await ask(context, { body: [open], ending: "hold" })
        const stream = read(request, { signal: stop.signal })
        const reading = (async () => {
          for await (const _ of stream) if (act(stream) === true) break
        })()
        if (way === "abort") equal((await rejection(() => reading)).message, "enough")
        else await reading
        equal((await stream.ended).reason, "cancelled", way)
        await closed(1)
      }
    },
    [`${name} ends each phase at its deadline`]: async (context) => {
      const phases: readonly (readonly [string, Reply])[] = [
        ["connect", { before: [GATE] }],
        ["firstContent", { body: [": a\n\n"], ending: "hold" }],
        ["idle", { body: [open], ending: "hold" }],
        ["eventIdle", { body: [open], ending: "hold" }],
        ["contentIdle", { body: [open], ending: "hold" }],
        ["total", { body: [open], ending: "hold" }],
      ]
      for (const [phase, reply] of phases) {
        const { request, closed } = await ask(context, reply)
        const error = await rejection(() => read(request, { timeouts: { [phase]: 60 } }).collect())
        equal([error.name, (error as Error & { phase?: string }).phase], ["SseTimeoutError", phase])
        // Before the first byte, the request may not have reached the server.
        if (phase !== "connect" && phase !== "total") await closed(1)
      }
    },
    [`${name} fails with the error that the provider reports inside its stream`]: async (context) => {
      const report = eventsOf({ error: { message: "secret", type: "server_error", code: "overloaded" } })
      const { request } = await ask(context, { body: [open, report] })
      const error = await rejection(() => read(request).collect())
      equal([error.code, error.message.includes("secret")], ["provider", false])
    },
    [`${name} refuses what is no stream, malformed data and data beyond its limits`]: async (context) => {
      const page = await ask(context, { type: "text/html", body: ["<!doctype html><p>hello"] })
      equal((await rejection(() => read(page.request).collect())).code, "not-a-stream")
      const broken = await ask(context, { body: [`${open}data: {"a\n\n`] })
      equal((await rejection(() => read(broken.request).collect())).code, "malformed")
      const long = await ask(context, { body: [open] })
      const limits = { maxEventSize: 16 }
      equal((await rejection(() => read(long.request, { limits }).collect())).code, "limit")
      const refused = await ask(context, { status: 429, type: "application/json", body: ['{"error":{}}'] })
      equal((await rejection(() => read(refused.request).collect())).code, "response")
    },
  }
}

export const chunkReaders: SuiteCases = {
  ...Object.assign({}, ...DIALECTS.map(casesOf)),
  "readChatCompletions builds the message with its tool call and its usage": async (context) => {
    const { request } = await ask(context, { body: [CHAT] })
    const snapshot = await readChatCompletions(request).collect()
    const { choices } = toChatCompletion(snapshot)
    const message = choices[0]?.message as { content?: unknown; tool_calls?: { function: object }[] }
    equal([message.content, choices[0]?.finish_reason, snapshot.usage?.total_tokens], [ANSWER_TEXT, "tool_calls", 8])
    equal(message.tool_calls?.[0]?.function, { name: "weather", arguments: '{"city":"Oslo"}' })
  },
  "readChatCompletions keeps the connection open over comments, and reports them": async (context) => {
    const { request } = await ask(context, {
      body: [": one\n\n", CHAT_OPEN, ": two\n\n", CHAT.slice(CHAT_OPEN.length)],
    })
    const texts: string[] = []
    await readChatCompletions(request, { onHeartbeat: ({ text }) => void texts.push(text) }).collect()
    equal(texts, ["one", "two"])
  },
  "readChatCompletions becomes a stream of the runtime, whose cancel reaches the server": async (context) => {
    const { request, closed } = await ask(context, { body: [CHAT_OPEN], ending: "hold" })
    const reader = readChatCompletions(request).toReadableStream().getReader()
    equal((await reader.read()).value?.choices?.[0]?.delta?.role, "assistant")
    await reader.cancel()
    await closed(1)
  },
  "readResponses goes on over the reconnections of a subscription": async ({ script }) => {
    const at = RESPONSE.indexOf("event: response.output_text.delta", RESPONSE.indexOf("Grü"))
    const played = await script([{ body: [`id: 1\n${RESPONSE.slice(0, at)}`] }, { body: [RESPONSE.slice(at)] }])
    const stream = readResponses(subscribe(played.url, AT_ONCE))
    equal(await textOf(stream), ANSWER_TEXT)
    equal((await stream.ended).reason, "terminal")
  },
  "readChunks reads a dialect of the caller": async (context) => {
    const { request } = await ask(context, { body: [eventsOf({ n: 1 }, { n: 2 }), "data: END\n\n"] })
    const sum = { value: 0, push: ({ n }: { n: number }) => void (sum.value += n), missing: () => null }
    const accumulate = () => sum
    const stream = readChunks<{ n: number }, number>(request, { name: "numbers", sentinel: "END", accumulate })
    equal(await stream.collect(), 3)
    equal(DONE_EVENT.includes("DONE"), true)
  },
}
