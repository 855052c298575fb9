/*
 * How an answer can end for its readers: each end is brought about, and what each reader sees of it must be what the table
 * in the guide "Stop is not disconnect" says.
 */
import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import OpenAI, { APIError } from "openai"
import { readEvents, SseProviderError, SseResponseError } from "steadystream"
import { subscribe } from "steadystream/client"
import { sendAnswer, sendEventStream } from "steadystream/node"
import { readChatCompletions, relay } from "steadystream/openai"
import { type Answers, createAnswers, memoryStore } from "steadystream/server"
import { ManualClock } from "steadystream/testing"
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest"
import { follow } from "../../examples/answers/event-source.ts"
import { settle } from "../openai/writing/stream-reading.ts"
import { startCuttingProxy } from "../support/cutting-proxy.ts"
import { EagerClock } from "../support/eager-clock.ts"
import { listen } from "../support/listen.ts"
import { quickEventSource } from "../support/quick-event-source.ts"
import { silenceReports } from "../support/silence-reports.ts"
import { chunkText, WrittenProvider } from "../support/written-provider.ts"

silenceReports()
beforeEach(() => {
  vi.stubGlobal("EventSource", quickEventSource(fetch))
  return () => vi.unstubAllGlobals()
})

const LIMIT = 10_000
const patiently = { timeout: 30_000, interval: 5 }

/** One node: its answers, and the address of its server. */
async function startNode(options: Parameters<typeof createAnswers>[0]) {
  const answers = createAnswers(options)
  const requests: (string | undefined)[] = []
  const server = createServer((req, res) => {
    requests.push(req.url)
    sendAnswer(answers, req, res, "42").catch(() => res.destroy())
  })
  return { answers, server, requests, origin: await listen(server) }
}

/** Two nodes with one store, and readers behind a proxy that leads to the first. The provider is asked by the second. */
async function start() {
  const clock = new ManualClock()
  const store = memoryStore({ clock })
  const options = { store, clock, abandonAfter: 60_000, limit: LIMIT }
  const near = await startNode(options)
  const far = await startNode(options)
  const provider = new WrittenProvider()
  const proxy = await startCuttingProxy(near.origin)
  onTestFinished(async () => {
    const closings = [near, far].map(({ answers }) => answers.closeAll({ within: 0 }))
    await clock.advance(1)
    await Promise.all(closings)
  })
  return { clock, store, near, far, provider, proxy, ask: () => startAnswer(far.answers, provider) }
}
type Setting = Awaited<ReturnType<typeof start>>

function startAnswer(answers: Answers, provider: WrittenProvider) {
  return answers.start("42", (signal) => relay((abort) => provider.ask([], abort), { signal }))
}

/** A reader: the texts that it has got, and its end in the words of the guide. */
interface Reader {
  readonly texts: string[]
  readonly end: Promise<string>
}

function readBySubscribe(url: string): Reader {
  const texts: string[] = []
  const stream = readChatCompletions(
    subscribe(url, { until: "[DONE]", clock: new EagerClock(), retry: { maxRetries: Infinity } }),
  )
  onTestFinished(() => stream.cancel())
  const read = async () => {
    for await (const text of stream.textDeltas()) texts.push(text)
    return `\`${(await stream.ended).reason}\``
  }
  return { texts, end: read().catch((error: unknown) => describeError(error)) }
}

function readByEventSource(url: string): Reader {
  const texts: string[] = []
  const end = new Promise<string>((resolve) => {
    const onEnd = (reason: string) => {
      if (reason === "done") resolve("`[DONE]`")
      else resolve(reason === "closed" ? "`error`, closed" : `the error \`${reason}\``)
    }
    const source = follow(url, (text) => texts.push(text), onEnd)
    onTestFinished(() => source.close())
  })
  return { texts, end }
}

function readByOpenai(url: string): Reader {
  const texts: string[] = []
  const client = new OpenAI({ apiKey: "none", baseURL: new URL(url).origin, maxRetries: 0 })
  const read = async () => {
    const stream = (await client.get("/", { stream: true })) as AsyncIterable<OpenAI.ChatCompletionChunk>
    let isWhole = false
    for await (const { choices } of stream) {
      if (choices[0]?.delta.content) texts.push(choices[0].delta.content)
      isWhole ||= choices[0]?.finish_reason === "stop"
    }
    return isWhole ? "ends" : "ends, without a finish reason"
  }
  return { texts, end: read().catch((error: unknown) => describeError(error)) }
}

function describeError(error: unknown): string {
  if (error instanceof SseProviderError) return `\`SseProviderError\` \`${error.error.code}\``
  if (error instanceof SseResponseError) return `\`SseResponseError\` ${error.status}`
  if (error instanceof APIError) return `\`APIError\` ${error.status ?? `\`${error.code}\``}`
  return `\`${(error as Error).name}\``
}

/** An end: what brings it about. Readers have the text "Hel" before. */
interface End {
  /** Whether the readers get no answer at first. */
  readonly isRefused?: true
  /** Whether there is no text before the end. */
  readonly isSilent?: true
  /** What comes before the readers; by default, an answer that has begun. */
  readonly before?: (setting: Setting) => Promise<unknown>
  /** What comes after that. */
  readonly after?: (setting: Setting, readers: readonly Reader[]) => Promise<unknown> | void
}

/** Moves the clock on, with time for the work of each second. */
async function pass(clock: ManualClock, seconds: number): Promise<void> {
  for (let passed = 0; passed < seconds; passed++) {
    await clock.advance(1_000)
    await settle()
  }
}

async function begin({ ask, provider, far }: Setting): Promise<void> {
  await ask()
  provider.send("Hel")
  await expect.poll(() => far.answers.stats().stored, patiently).toBe(1)
}

const providerError = { message: "Overloaded", type: "server_error", param: null, code: "overloaded" }

/** The ends by the first cell of their rows. */
const ends: Readonly<Record<string, End>> = {
  "The answer is whole": { after: ({ provider }) => provider.finish() },
  "The provider reports an error": {
    after: ({ provider }) => provider.write(`data: ${JSON.stringify({ error: providerError })}\n\n`),
  },
  "The provider refuses the request": {
    before: ({ ask, provider }) => {
      provider.refusal = Response.json({ error: { message: "bad key sk-123" } }, { status: 401 })
      return ask()
    },
  },
  "The provider's connection breaks": { after: ({ provider }) => provider.cut() },
  "The answer exceeds `limit`": { after: ({ provider }) => provider.send("x".repeat(LIMIT)) },
  "`answers.cancel(id)`, on any node": { after: ({ near }) => near.answers.cancel("42") },
  "`answers.cancel(id)` before the first event": {
    isSilent: true,
    before: async ({ ask, far }) => {
      await ask()
      await expect.poll(() => far.answers.stats().appends, patiently).toBe(1)
    },
    after: async ({ near }) => {
      await expect.poll(() => near.answers.stats().sessions, patiently).toBe(3)
      await near.answers.cancel("42")
    },
  },
  "No reader comes for `abandonAfter`": {
    before: async (setting) => {
      await begin(setting)
      await pass(setting.clock, 130)
    },
  },
  "The producer's process dies": {
    before: async ({ store }) => {
      const { lease } = (await store.claim("answer:42", { ttl: 600_000, lease: 30_000 })) as { lease: string }
      await store.append("answer:42", [{ text: chunkText("Hel") }], { lease })
    },
    after: ({ clock }) => clock.advance(31_000),
  },
  "The producer's process shuts down before the answer is whole": {
    after: async ({ far, clock }) => {
      const closing = far.answers.closeAll({ within: 10_000 })
      await clock.advance(10_000)
      await closing
    },
  },
  "The reader's process shuts down, and another one is there": {
    after: async ({ near, far, provider, proxy }) => {
      proxy.route(far.origin)
      await near.answers.closeAll({ retry: 200 })
      near.server.closeIdleConnections()
      provider.finish()
    },
  },
  "The reader's connection breaks": {
    after: ({ proxy, provider }) => {
      proxy.cut()
      proxy.resume()
      provider.finish()
    },
  },
  "The reader comes while its process shuts down": {
    isRefused: true,
    before: async (setting) => {
      await begin(setting)
      await setting.near.answers.closeAll()
      setting.provider.finish()
    },
    after: async ({ near, far, proxy }, [, ...others]) => {
      await Promise.all(others.map(({ end }) => end))
      await expect.poll(() => near.requests.length, patiently).toBeGreaterThan(2)
      proxy.route(far.origin)
      near.server.closeAllConnections()
    },
  },
  "There is no such answer, or its `ttl` is over": { isRefused: true, before: async () => {} },
}

/** The rows of the table in the guide: the cells by the first one. */
const guide = readFileSync(new URL("../../docs/guides/stop-is-not-disconnect.md", import.meta.url), "utf8")
const rows = new Map(
  [...guide.matchAll(/^\|(.*)\|$/gm)].map(([, row]) => {
    const [first, ...cells] = row!.split("|").map((cell) => cell.trim())
    return [first!, cells]
  }),
)

describe("the table of ends in the guide", () => {
  test.each(Object.entries(ends))("createAnswers ends as the guide says: %s", async (name, end) => {
    const setting = await start()
    await (end.before ?? begin)(setting)
    const { proxy, far, provider } = setting
    const readers = [readBySubscribe, readByEventSource, readByOpenai].map((read) => read(`${proxy.origin}/`))
    for (const { texts } of end.isRefused || end.isSilent || provider.refusal ? [] : readers)
      await expect.poll(() => texts, patiently).toEqual(["Hel"])
    await end.after?.(setting, readers)
    const seen = await Promise.all(readers.map((reader) => reader.end))
    const { status, detail } = (await far.answers.state("42")) ?? {}
    const state = [status, detail].filter((text) => text !== undefined && text !== "").map((text) => `\`${text}\``)
    expect([state.join(" "), ...seen]).toEqual(rows.get(name))
  })

  test("createAnswers has no other end in the guide than those that are tested", () => {
    const names = [...rows.keys()]
    expect(names.slice(names.indexOf("End") + 2)).toEqual(Object.keys(ends))
  })
})

describe("a reader that leaves", () => {
  test("relay() aborts the request to the provider when its reader leaves", async () => {
    const provider = new WrittenProvider()
    const server = createServer((req, res) => {
      void sendEventStream(
        req,
        res,
        relay((signal) => provider.ask([], signal)),
      )
    })
    await leave(await listen(server), provider)
    await expect.poll(() => provider.signals.map(({ aborted }) => aborted), patiently).toEqual([true])
  })

  test("createAnswers goes on when its reader leaves, until cancel() on any node", async () => {
    const { near, far, provider, proxy, ask } = await start()
    const answer = await ask()
    await leave(proxy.origin, provider)
    await expect.poll(() => near.answers.stats().sessions, patiently).toBe(0)
    provider.send("lo")
    await expect.poll(() => far.answers.stats().stored, patiently).toBe(2)
    expect(provider.signals.map(({ aborted }) => aborted)).toEqual([false])
    expect(await near.answers.cancel("42", "stopped by the user")).toBe(true)
    expect(await answer.ended).toMatchObject({ status: "cancelled", detail: "stopped by the user" })
    expect(provider.signals.map(({ aborted }) => aborted)).toEqual([true])
    expect(await near.answers.cancel("42")).toBe(false)
  })

  test("createAnswers cancels an answer without readers after abandonAfter, and none that is read on any node", async () => {
    const setting = await start()
    await begin(setting)
    const { clock, far, provider, proxy } = setting
    const reader = readByOpenai(`${proxy.origin}/`)
    await expect.poll(() => reader.texts, patiently).toEqual(["Hel"])
    await pass(clock, 180)
    expect(provider.signals.map(({ aborted }) => aborted)).toEqual([false])
    proxy.cut()
    await reader.end
    await pass(clock, 180)
    expect(provider.signals.map(({ aborted }) => aborted)).toEqual([true])
    expect(await far.answers.state("42")).toMatchObject({ status: "cancelled", detail: "abandoned" })
  })
})

/** Reads the first text of a stream, and leaves. */
async function leave(origin: string, provider: WrittenProvider): Promise<void> {
  const response = fetch(origin)
  provider.send("Hel")
  for await (const event of readEvents(await response)) {
    if (event.data !== "") break
  }
}
