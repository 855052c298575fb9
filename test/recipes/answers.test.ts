import { createServer } from "node:http"
import { createAdaptorServer } from "@hono/node-server"
import OpenAI from "openai"
import { readEvents, type SseEvent, SseProviderError } from "steadystream"
import type { ChatCompletionChunk } from "steadystream/openai"
import { createAnswers, type EventStore, memoryStore } from "steadystream/server"
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest"
import { follow } from "../../examples/answers/event-source.ts"
import { app as expressApp } from "../../examples/answers/express.ts"
import { app as honoApp } from "../../examples/answers/hono.ts"
import { ask, readAgain, show, stop } from "../../examples/answers/page.ts"
import { DELETE, GET, POST } from "../../examples/answers/route.ts"
import { startCuttingProxy } from "../support/cutting-proxy.ts"
import { FaultyStore } from "../support/faulty-store.ts"
import { listen } from "../support/listen.ts"
import { quickEventSource } from "../support/quick-event-source.ts"
import { redisStoreOfTest } from "../support/redis-node.ts"
import { type RedisServer, startRedis } from "../support/redis-server.ts"
import { silenceReports } from "../support/silence-reports.ts"
import { describeWithRedis } from "../support/with-redis.ts"
import { WrittenProvider } from "../support/written-provider.ts"

const current = vi.hoisted(() => ({}) as { answers: ReturnType<typeof createAnswers>; provider: WrittenProvider })

vi.mock(import("../../examples/answers/app.ts"), async (importOriginal) => ({
  ...(await importOriginal()),
  get answers() {
    return current.answers
  },
  askProvider: (messages: unknown, signal: AbortSignal) => current.provider.ask(messages, signal),
}))

silenceReports()

const MESSAGES = [{ role: "user", content: "Hi" }]
const patiently = { timeout: 30_000, interval: 5 }

/** As Next.js calls the handlers of `app/api/answers/[id]/route.ts`. */
async function nextStyle(request: Request): Promise<Response> {
  const [, id] = /^\/api\/answers\/([^/]+)$/.exec(new URL(request.url).pathname) ?? []
  const handler = { GET, POST, DELETE }[request.method as "GET" | "POST" | "DELETE"]
  return id === undefined ? new Response(null, { status: 404 }) : handler(request, { params: Promise.resolve({ id }) })
}

const servers = {
  "handlers in the style of Next.js": () => createAdaptorServer({ fetch: nextStyle }),
  Hono: () => createAdaptorServer({ fetch: honoApp.fetch }),
  Express: () => createServer(expressApp),
}

/** A browser sends its cookie with each request. */
const { fetch } = globalThis
function fetchWithCookie(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers ?? (input instanceof Request ? input.headers : undefined))
  if (!headers.has("cookie")) headers.set("cookie", "session=secret-of-ada")
  return fetch(input, { ...init, headers })
}

beforeEach(() => {
  vi.stubGlobal("fetch", fetchWithCookie)
  vi.stubGlobal("EventSource", quickEventSource(fetchWithCookie))
  return () => vi.unstubAllGlobals()
})

/** What a reader of chunks has got, and how it ended. */
function reading(stream: ReturnType<typeof ask>) {
  const texts: string[] = []
  const done = (async () => {
    for await (const text of stream.textDeltas()) texts.push(text)
    return (await stream.ended).reason
  })()
  done.catch(() => {})
  onTestFinished(() => stream.cancel())
  return { stream, texts, done }
}

describe.each(Object.entries(servers))("examples/answers with %s on memoryStore()", (_, makeServer) => {
  testAnswers(makeServer, async () => memoryStore())
})

describeWithRedis.each(Object.entries(servers))("examples/answers with %s on redisStore()", (_, makeServer) => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())
  let runs = 0
  testAnswers(makeServer, () => redisStoreOfTest(redis.url, { prefix: `${++runs}:` }))
})

function testAnswers(makeServer: (typeof servers)["Hono"], makeStore: () => Promise<EventStore>): void {
  async function start() {
    const store = new FaultyStore(await makeStore())
    const answers = createAnswers({ store })
    onTestFinished(() => answers.closeAll({ within: 0 }))
    const provider = new WrittenProvider()
    Object.assign(current, { answers, provider })
    const proxy = await startCuttingProxy(await listen(makeServer()))
    return { store, answers, provider, proxy, url: `${proxy.origin}/api/answers/42` }
  }

  test("an answer goes on while its page reloads, and is read from its first event", async () => {
    const { provider, url } = await start()
    const first = reading(ask(url, MESSAGES))
    provider.send("Hel", "lo")
    await expect.poll(() => first.texts, patiently).toEqual(["Hel", "lo"])
    await first.stream.cancel()
    provider.send(" again")
    const second = reading(readAgain(url))
    await expect.poll(() => second.texts, patiently).toEqual(["Hel", "lo", " again"])
    provider.finish()
    expect(await second.done).toBe("done")
    const third = reading(readAgain(url))
    expect(await third.done).toBe("done")
    expect(third.stream.snapshot).toEqual(second.stream.snapshot)
    expect(provider.signals.map(({ aborted }) => aborted)).toEqual([false])
  })

  test("an answer whose connection is cut goes on after its last event", async () => {
    const { provider, proxy, url } = await start()
    const chunks: ChatCompletionChunk[] = []
    const stream = ask(url, MESSAGES)
    const done = (async () => {
      for await (const chunk of stream) chunks.push(chunk)
    })()
    const textOf = () => chunks.map(({ choices }) => choices?.[0]?.delta?.content).join("")
    provider.send("Hel", "lo")
    await expect.poll(textOf, patiently).toBe("Hello")
    proxy.cut()
    provider.send(" again")
    proxy.resume()
    provider.finish()
    await done
    expect(textOf()).toBe("Hello again")
    expect(await stream.ended).toMatchObject({ reason: "done", chunks: 4 })
    expect(provider.signals).toHaveLength(1)
  })

  test("a second tab reads along, and its stop ends both readers", async () => {
    const { answers, provider, url } = await start()
    const first = reading(ask(url, MESSAGES))
    provider.send("Hel")
    await expect.poll(() => first.texts, patiently).toEqual(["Hel"])
    const second = reading(readAgain(url))
    await expect.poll(() => second.texts, patiently).toEqual(["Hel"])
    await stop(url)
    for (const { done } of [first, second]) {
      const error = await done.catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(SseProviderError)
      expect(error).toMatchObject({ error: { code: "cancelled" } })
    }
    expect(await answers.state("ada/42")).toMatchObject({ status: "cancelled", detail: "stopped by the user" })
    expect(provider.signals.map(({ aborted }) => aborted)).toEqual([true])
    const late = reading(readAgain(url))
    await expect(late.done).rejects.toMatchObject({ error: { code: "cancelled" } })
    expect(late.texts).toEqual(["Hel"])
  })

  test("a page shows whether an answer is whole, was stopped or failed, is lost or gone, or was left", async () => {
    const { answers, provider, url } = await start()
    const texts: string[] = []
    const stream = ask(url, MESSAGES)
    const left = show(stream, (text) => texts.push(text))
    provider.send("Hel")
    await expect.poll(() => texts, patiently).toEqual(["Hel"])
    await stream.cancel()
    expect(await left).toBe("left")
    expect(await answers.state("ada/42")).toMatchObject({ status: "running" })
    await stop(url)
    expect(await show(readAgain(url), () => {})).toBe("stopped")
    expect(await show(readAgain(`${url}7`), () => {})).toBe("gone")
    const askAnother = (id: string) => {
      const another = new WrittenProvider()
      Object.assign(current, { provider: another })
      return { another, ending: show(ask(url.replace(/42$/, id), MESSAGES), (text) => texts.push(text)) }
    }
    const whole = askAnother("whole")
    whole.another.finish()
    expect(await whole.ending).toBe("done")
    const broken = askAnother("broken")
    broken.another.cut()
    expect(await broken.ending).toBe("failed")
    const lost = askAnother("lost")
    lost.another.send("lo")
    await expect.poll(() => texts, patiently).toEqual(["Hel", "lo"])
    await answers.closeAll({ within: 0 })
    expect(await lost.ending).toBe("lost")
  })

  test("an EventSource reads an answer to its end, also over a cut", async () => {
    const { provider, proxy, url } = await start()
    const first = reading(ask(url, MESSAGES))
    provider.send("Hel")
    await expect.poll(() => first.texts, patiently).toEqual(["Hel"])
    const texts: string[] = []
    const ends: string[] = []
    const source = follow(
      url,
      (text) => texts.push(text),
      (reason) => ends.push(reason),
    )
    onTestFinished(() => source.close())
    await expect.poll(() => texts, patiently).toEqual(["Hel"])
    proxy.cut()
    provider.send("lo")
    proxy.resume()
    await expect.poll(() => texts, patiently).toEqual(["Hel", "lo"])
    provider.finish()
    await expect.poll(() => ends, patiently).toEqual(["done"])
    expect(await first.done).toBe("done")
  })

  test("an EventSource gets the code of the error event, and of an answer that does not exist the end", async () => {
    const { provider, url } = await start()
    const first = reading(ask(url, MESSAGES))
    provider.send("Hel")
    await expect.poll(() => first.texts, patiently).toEqual(["Hel"])
    const ends: string[] = []
    const sources = [url, `${url}7`].map((address) =>
      follow(
        address,
        () => {},
        (reason) => ends.push(reason),
      ),
    )
    onTestFinished(() => sources.forEach((source) => source.close()))
    await expect.poll(() => ends, patiently).toEqual(["closed"])
    await stop(url)
    await expect.poll(() => ends, patiently).toEqual(["closed", "cancelled"])
  })

  test("the package openai reads an answer by GET", async () => {
    const { provider, url, proxy } = await start()
    const first = reading(ask(url, MESSAGES))
    provider.send("Hel", "lo")
    await expect.poll(() => first.texts, patiently).toEqual(["Hel", "lo"])
    const client = new OpenAI({ apiKey: "none", baseURL: proxy.origin, maxRetries: 0, fetch: fetchWithCookie })
    const stream = (await client.get("/api/answers/42", { stream: true })) as AsyncIterable<OpenAI.ChatCompletionChunk>
    provider.finish()
    let text = ""
    for await (const { choices } of stream) text += choices[0]?.delta.content ?? ""
    expect(text).toBe("Hello")
  })

  test("the handlers answer with the statuses of the guide", async () => {
    const { provider, url } = await start()
    const read = async (init: RequestInit = {}, address = url) => {
      const response = await globalThis.fetch(address, init)
      const events = response.status === 200 ? await Array.fromAsync(readEvents(response)) : []
      return { status: response.status, events }
    }
    const statusOf = async (...args: Parameters<typeof read>) => (await read(...args)).status
    const cookie = { headers: { cookie: "session=of-a-stranger" } }
    const post = {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ messages: MESSAGES }),
    }
    expect(await statusOf()).toBe(404)
    for (const method of ["GET", "DELETE"]) expect(await statusOf({ ...cookie, method })).toBe(403)
    expect(await statusOf({ ...post, headers: { ...post.headers, ...cookie.headers } })).toBe(403)
    expect(await statusOf({}, url.replace(/42$/, "a%2Fb"))).toBe(403)
    const returning = { ...post, headers: { ...post.headers, "last-event-id": "a-1" } }
    expect([await statusOf(returning), provider.signals.length]).toEqual([404, 0])
    const both = Promise.all([read(post), read(post)])
    provider.send("Hel")
    provider.finish()
    const [first, second] = await both
    expect([first.status, first.events.length, provider.signals.length]).toEqual([200, 3, 1])
    expect(second).toEqual(first)
    const from = ({ id }: SseEvent) => ({ headers: { "last-event-id": id! } })
    expect(await statusOf(from(first.events[2]!))).toBe(204)
    const rest = await read(from(first.events[0]!))
    expect(rest.events).toEqual(first.events.slice(1))
    const bob = { cookie: "session=secret-of-bob" }
    expect(await statusOf({ headers: bob })).toBe(404)
    expect(await statusOf({ headers: { ...bob, "last-event-id": first.events[0]!.id! } })).toBe(404)
    expect(await statusOf({ method: "DELETE" })).toBe(204)
    expect(await current.answers.state("ada/42")).toMatchObject({ status: "done" })
  })

  test("the handlers answer 503 while the store is away, and the readers come back", async () => {
    const { store, provider, url } = await start()
    const first = reading(ask(url, MESSAGES))
    provider.send("Hel")
    provider.finish()
    expect(await first.done).toBe("done")
    const body = JSON.stringify({ messages: MESSAGES })
    const headers = { "content-type": "application/json" }
    const requests = [
      { method: "GET" },
      { method: "DELETE" },
      { method: "POST", headers, body },
      { method: "POST", headers: { ...headers, "last-event-id": "a-1" }, body },
    ]
    store.isDown = true
    for (const init of requests) {
      const response = await globalThis.fetch(url, init)
      expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"])
    }
    await expect(stop(url)).rejects.toThrow("Cannot stop answer: the status is 503")
    const { reads } = store
    const again = reading(readAgain(url))
    await expect.poll(() => store.reads, patiently).toBeGreaterThan(reads)
    store.isDown = false
    expect(await again.done).toBe("done")
    expect(again.texts).toEqual(["Hel"])
  })
}
