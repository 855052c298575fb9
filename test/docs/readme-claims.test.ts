/*
 * Tests the table "Why this one" of the README: every claim about another package for the version in package.json, and
 * every claim about this package.
 */
import { fetchEventSource } from "@microsoft/fetch-event-source"
import { createOpenAICompatible } from "@ai-sdk/openai-compatible"
import { streamText } from "ai"
import { createEventSource } from "eventsource-client"
import { createParser } from "eventsource-parser"
import { EventSourceParserStream } from "eventsource-parser/stream"
import OpenAI from "openai"
import { chromium } from "playwright"
import { readEvents, SseLimitError, SseParser, SseResponseError, SseRetryError, SseTruncatedError } from "steadystream"
import { subscribe } from "steadystream/client"
import { EventSource } from "steadystream/eventsource"
import { readChatCompletions } from "steadystream/openai"
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest"
import { play, type Reply } from "../eventsource/script.ts"
import { chromiumArguments, findChromium } from "../support/chromium.ts"
import { type ScenarioServer, startScenarioServer } from "../support/scenario-server.ts"

const executablePath = findChromium()
const over = new AbortController()
let server: ScenarioServer
beforeAll(async () => {
  server = await startScenarioServer()
})
afterAll(async () => {
  over.abort()
  await server.close()
})
const script = (...replies: readonly Reply[]) => play(server.origins, replies, over.signal)

const POST = { method: "POST", body: '{"prompt":"hi"}' }
const BROKEN: Reply = { body: ["retry: 20\ndata: a\n\n"], ending: "reset" }
/** A retry budget that ends within milliseconds. */
const RETRY = { maxRetries: 2, initialDelay: 1, minServerDelay: 1, maxDelay: 2 }

async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

describe("eventsource-parser", () => {
  const page = () => new Response("<title>Sign in</title>", { status: 401, headers: { "content-type": "text/html" } })

  test("eventsource-parser reads a login page as an empty stream, and readEvents() throws", async () => {
    const events = page().body!.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
    expect(await collected(events)).toEqual([])
    await expect(readEvents(page()).next()).rejects.toThrow(SseResponseError)
  })

  test("eventsource-parser has no limit by default, and SseParser has one", () => {
    const endless = "x".repeat(17 * 2 ** 20)
    const onError = vi.fn()
    createParser({ onError }).feed(`data: ${endless}`)
    expect(onError).not.toHaveBeenCalled()
    expect(() => new SseParser({ onEvent() {} }).feed(`data: ${endless}`)).toThrow(SseLimitError)
  })
})

describe("@microsoft/fetch-event-source", () => {
  test("fetch-event-source needs a page and retries a POST without limit, and subscribe() sends it once", async () => {
    const theirs = await script(BROKEN)
    await expect(fetchEventSource(theirs.url, POST)).rejects.toThrow(ReferenceError)
    vi.stubGlobal("window", { fetch, setTimeout: setTimeout.bind(globalThis), clearTimeout })
    vi.stubGlobal("document", { hidden: false, addEventListener() {}, removeEventListener() {} })
    const stop = new AbortController()
    void fetchEventSource(theirs.url, { ...POST, signal: stop.signal })
    const requests = await theirs.seen(12)
    stop.abort()
    vi.unstubAllGlobals()
    expect(new Set(requests.map(({ method, body }) => `${method} ${body}`))).toEqual(new Set([`POST ${POST.body}`]))

    const ours = await script(BROKEN)
    await expect(collected(subscribe(ours.url, POST))).rejects.toMatchObject({ code: "connection" })
    expect(await ours.seen()).toHaveLength(1)
  })
})

describe("eventsource-client", () => {
  test("eventsource-client retries without limit, and subscribe() stops at its limit", async () => {
    const theirs = await script({ body: ["retry: 20\n\n"] }, { status: 503 })
    const source = createEventSource({ url: theirs.url })
    expect((await theirs.seen(12)).length).toBeGreaterThanOrEqual(12)
    source.close()

    const ours = await script({ status: 503 })
    await expect(collected(subscribe(ours.url, { retry: RETRY }))).rejects.toThrow(SseRetryError)
    expect(await ours.seen()).toHaveLength(3)
  })

  test("eventsource-client stays connected after the consumer leaves the loop, and subscribe() closes", async () => {
    const theirs = await script({ body: ["data: a\n\n"], ending: "hold" })
    const source = createEventSource({ url: theirs.url })
    for await (const _ of source) break
    expect(source.readyState).toBe("open")
    source.close()

    const ours = await script({ body: ["data: a\n\n"], ending: "hold" })
    for await (const _ of subscribe(ours.url)) break
    await ours.closed(1)
  })
})

describe("the platform's EventSource", () => {
  const seenHeader = (requests: readonly { headers: Readonly<Record<string, string>> }[]) =>
    requests.map(({ headers }) => headers["authorization"])

  test.skipIf(executablePath === undefined)(
    "the EventSource of Chromium sends no header, retries without limit and does not say what failed",
    async () => {
      const theirs = await script({ body: ["retry: 20\n\n"], ending: "reset" })
      server.addPage("/", "text/html", "<!doctype html><title>EventSource</title>")
      const browser = await chromium.launch({ executablePath: executablePath!, args: chromiumArguments })
      const page = await browser.newPage()
      await page.goto(server.origins[0])
      const failure = await page.evaluate(
        (url) =>
          new Promise<boolean>((resolve) => {
            const init = { headers: { authorization: "Bearer token" } } as EventSourceInit
            const source = new globalThis.EventSource(url, init)
            source.addEventListener("error", (event) => resolve("error" in event || "message" in event))
          }),
        theirs.url,
      )
      expect(failure).toBe(false)
      expect(new Set(seenHeader(await theirs.seen(12)))).toEqual(new Set([undefined]))
      await browser.close()
    },
    60_000,
  )

  test("EventSource sends headers, stops at its limit and says what failed", async () => {
    const ours = await script({ ending: "reset" })
    const source = new EventSource(ours.url, { headers: { authorization: "Bearer token" }, retry: RETRY })
    const codes: unknown[] = []
    await new Promise<void>((resolve) => {
      source.addEventListener("error", ({ error }) => {
        codes.push((error as { code?: unknown }).code)
        if (source.readyState === EventSource.CLOSED) resolve()
      })
    })
    expect(codes.at(-1)).toBe("retries-exhausted")
    expect(seenHeader(await ours.seen())).toEqual(["Bearer token", "Bearer token", "Bearer token"])
  })
})

describe("the AI SDKs", () => {
  const CUT = 'data: {"id":"c","choices":[{"index":0,"delta":{"content":"The answer is"}}]}\n\n'
  const cut: Reply = { body: [CUT] }
  const answer = () => new Response(CUT, { headers: { "content-type": "text/event-stream" } })

  test("the openai package ends a cut answer without an error, and readChatCompletions() throws", async () => {
    const { url } = await script(cut)
    const fetchScript = () => fetch(url)
    const client = new OpenAI({ apiKey: "none", baseURL: url, maxRetries: 0, fetch: fetchScript })
    const stream = await client.chat.completions.create({ model: "m", messages: [], stream: true })
    expect(await collected(stream)).toHaveLength(1)

    const ours = readChatCompletions(answer())
    await expect(collected(ours)).rejects.toThrow(SseTruncatedError)
    expect(ours.snapshot.choices[0]?.content).toBe("The answer is")
  })

  test("the text loop of the ai package ends a cut answer without an error, and textDeltas() throws", async () => {
    const { url } = await script(cut)
    const provider = createOpenAICompatible({ name: "cut", baseURL: url, fetch: () => fetch(url) })
    const result = streamText({ model: provider("m"), prompt: "Hi", maxRetries: 0, onError() {} })
    expect((await collected(result.textStream)).join("")).toBe("The answer is")

    await expect(collected(readChatCompletions(answer()).textDeltas())).rejects.toThrow(SseTruncatedError)
  })
})
