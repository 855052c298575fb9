import { Chat } from "@ai-sdk/react"
import { createAdaptorServer } from "@hono/node-server"
import { DefaultChatTransport, type UIMessage } from "ai"
import { Hono } from "hono"
import { chromium, type Page } from "playwright"
import { createAnswers, type EventStore, memoryStore } from "steadystream/server"
import { ManualClock } from "steadystream/testing"
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest"
import { endEvent, type SavedChat } from "../../examples/use-chat/app.ts"
import { DELETE, GET, POST } from "../../examples/use-chat/route.ts"
import { chromiumArguments, findChromium } from "../support/chromium.ts"
import { startCuttingProxy } from "../support/cutting-proxy.ts"
import { FaultyStore } from "../support/faulty-store.ts"
import { listen } from "../support/listen.ts"
import { redisStoreOfTest } from "../support/redis-node.ts"
import { type RedisServer, startRedis } from "../support/redis-server.ts"
import { silenceReports } from "../support/silence-reports.ts"
import { describeWithRedis } from "../support/with-redis.ts"
import { WrittenModel } from "../support/written-model.ts"
import { bundlePage } from "./bundle-page.ts"

silenceReports()

interface Current {
  answers: ReturnType<typeof createAnswers>
  chats: Map<string, SavedChat>
  writer: WrittenModel
}
const current = vi.hoisted(() => ({}) as Current)

vi.mock(import("../../examples/use-chat/app.ts"), async (importOriginal) => ({
  ...(await importOriginal()),
  get answers() {
    return current.answers
  },
  get chats() {
    return current.chats
  },
  get model() {
    return current.writer.model
  },
}))

const patiently = { timeout: 30_000, interval: 5 }
const routes = new Hono()
  .post("/api/chat", ({ req }) => POST(req.raw))
  .get("/api/chat/:id/stream", ({ req }) => GET(req.raw, { params: Promise.resolve(req.param()) }))
  .delete("/api/chat/:id/stream", ({ req }) => DELETE(req.raw, { params: Promise.resolve(req.param()) }))

const headers = { cookie: "session=secret-of-ada" }

async function serve(options: Partial<Parameters<typeof createAnswers>[0]> = {}, app: Hono = routes) {
  const answers = createAnswers({ endEvent, ...options })
  onTestFinished(() => answers.closeAll({ within: 0 }))
  const writer = new WrittenModel()
  const chats = new Map<string, SavedChat>()
  Object.assign(current, { answers, chats, writer })
  const proxy = await startCuttingProxy(await listen(createAdaptorServer({ fetch: app.fetch })))
  const stop = () => fetch(`${proxy.origin}/api/chat/7/stream`, { method: "DELETE", headers })
  return { answers, chats, writer, proxy, stop, open: () => openChat(proxy.origin) }
}

/** Opens the chat in a tab: with the messages that the server has saved. */
function openChat(origin: string): Chat<UIMessage> {
  const chat = new Chat<UIMessage>({
    id: "7",
    messages: [...(current.chats.get("7")?.messages ?? [])],
    transport: new DefaultChatTransport({
      api: `${origin}/api/chat`,
      headers,
      prepareSendMessagesRequest: ({ id, messages }) => ({ headers, body: { id, message: messages.at(-1) } }),
    }),
  })
  onTestFinished(() => chat.stop())
  return chat
}

const textOf = (message: UIMessage | undefined) =>
  message?.role === "assistant" ? message.parts.map((part) => (part.type === "text" ? part.text : "")).join("") : ""
const textsOf = (chat: Chat<UIMessage>) => chat.messages.map((message) => textOf(message))

/** Waits until the last message is this answer. */
async function shows(chat: Chat<UIMessage>, text: string): Promise<void> {
  await expect.poll(() => textOf(chat.lastMessage), patiently).toBe(text)
}

describe("examples/use-chat on memoryStore()", () => {
  testChats(async () => memoryStore())

  test("useChat fails at the event that ends a cancelled answer if there is no endEvent", async () => {
    const { open, writer, stop } = await serve({ endEvent: undefined })
    const tab = open()
    const asking = tab.sendMessage({ text: "Hi" })
    writer.send("Hel")
    await shows(tab, "Hel")
    await stop()
    await asking
    expect([tab.status, tab.error!.name]).toEqual(["error", "AI_TypeValidationError"])
  })

  test("useChat fails while the store is away, and its question is saved when it is asked again", async () => {
    const store = new FaultyStore(memoryStore())
    const { open, chats, proxy, writer } = await serve({ store })
    const tab = open()
    store.isDown = true
    await tab.sendMessage({ text: "Hi" })
    expect([tab.status, chats.size]).toEqual(["error", 0])
    store.isDown = false
    const asking = tab.regenerate()
    writer.send("Hello")
    await shows(tab, "Hello")
    expect(chats.get("7")!.messages.map(({ role }) => role)).toEqual(["user"])
    writer.finish()
    await asking
    store.isDown = true
    for (const method of ["GET", "DELETE"]) {
      const response = await fetch(`${proxy.origin}/api/chat/7/stream`, { method, headers })
      expect([method, response.status, response.headers.get("retry-after")]).toEqual([method, 503, "1"])
    }
  })

  test("useChat gets the error of endEvent if the answer is lost", async () => {
    const clock = new ManualClock()
    const store = memoryStore({ clock })
    const { open, chats } = await serve({ store, clock })
    const { lease } = (await store.claim("answer:lost", { ttl: 60_000, lease: 1_000 })) as { lease: string }
    await store.append("answer:lost", [{ text: 'data: {"type":"start","messageId":"m"}\n\n' }], { lease })
    const question: UIMessage = { id: "q", role: "user", parts: [{ type: "text", text: "Hi" }] }
    chats.set("7", { messages: [question], answerId: "lost" })
    await clock.advance(1_001)
    const tab = open()
    await tab.resumeStream()
    expect([tab.status, tab.error!.message]).toEqual(["error", "The answer broke off. Please ask again."])
  })
})

const executablePath = findChromium()

describe.skipIf(executablePath === undefined)("examples/use-chat in Chromium", () => {
  test("useChat shows the whole answer after a reload and in a second tab, and stops it in both", async () => {
    const browser = await chromium.launch({ executablePath: executablePath!, args: chromiumArguments })
    onTestFinished(() => browser.close())
    const script = await bundlePage("use-chat-page.tsx")
    const app = new Hono().route("/", routes)
    app.get("/page.js", ({ body }) => body(script, 200, { "content-type": "text/javascript" }))
    app.get("/", ({ html }) => {
      const saved = JSON.stringify(current.chats.get("7")?.messages ?? [])
      const page = `<div id="root"></div><script>saved = ${saved}</script><script src="/page.js"></script>`
      return html(page, 200, { "set-cookie": "session=secret-of-ada" })
    })
    const { writer, proxy } = await serve({}, app)
    const tabs = await browser.newContext()
    const openTab = async () => {
      const page = await tabs.newPage()
      await page.goto(proxy.origin)
      return page
    }
    const seen = (page: Page) => page.locator("li, [role=status]").allTextContents()
    const first = await openTab()
    await first.getByText("Ask").click()
    writer.send("Hel")
    await expect.poll(() => seen(first), patiently).toEqual(["Hi", "Hel", "streaming"])
    await first.reload()
    writer.send("lo")
    await expect.poll(() => seen(first), patiently).toEqual(["Hi", "Hello", "streaming"])
    const second = await openTab()
    await expect.poll(() => seen(second), patiently).toEqual(["Hi", "Hello", "streaming"])
    await second.getByText("Stop").click()
    for (const page of [first, second]) await expect.poll(() => seen(page), patiently).toEqual(["Hi", "Hello", "ready"])
    await first.reload()
    await expect.poll(() => seen(first), patiently).toEqual(["Hi", "Hello", "ready"])
    expect(writer.signals.map((signal) => signal?.aborted)).toEqual([true])
  })
})

describeWithRedis("examples/use-chat on redisStore()", () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())
  let runs = 0
  testChats(() => redisStoreOfTest(redis.url, { prefix: `${++runs}:` }))
})

function testChats(makeStore: () => Promise<EventStore>): void {
  const start = async () => serve({ store: await makeStore() })

  test("a page of useChat that reloads in the middle has the same message as one that does not", async () => {
    const { open, writer, chats } = await start()
    const before = open()
    void before.sendMessage({ text: "Hi" })
    writer.send("Hel", "lo")
    await shows(before, "Hello")
    const along = open()
    const reading = along.resumeStream()
    await shows(along, "Hello")
    await before.stop()
    writer.send(" again")
    const after = open()
    const resuming = after.resumeStream()
    await shows(after, "Hello again")
    expect(writer.signals.map((signal) => signal?.aborted)).toEqual([false])
    writer.finish()
    await Promise.all([resuming, reading])
    expect(after.messages).toEqual(along.messages)
    expect(textsOf(after)).toEqual(["", "Hello again"])
    await expect.poll(() => chats.get("7")!.messages, patiently).toEqual(after.messages)
    expect([after.status, writer.signals.map((signal) => signal?.aborted)]).toEqual(["ready", [false]])
  })

  test("useChat that resumes after the end has the message once, whether it was saved or not", async () => {
    const { open, writer, chats } = await start()
    const first = open()
    const asking = first.sendMessage({ text: "Hi" })
    writer.send("Hello")
    await shows(first, "Hello")
    const early = open()
    writer.finish()
    await asking
    await expect.poll(() => chats.get("7")!.messages, patiently).toHaveLength(2)
    for (const tab of [early, open()]) {
      await tab.resumeStream()
      expect(tab.messages).toEqual(first.messages)
      expect(tab.status).toBe("ready")
    }
  })

  test("useChat whose connection is cut resumes with the whole message", async () => {
    const { open, writer, proxy } = await start()
    const tab = open()
    const asking = tab.sendMessage({ text: "Hi" })
    writer.send("Hel")
    await shows(tab, "Hel")
    proxy.cut()
    await asking
    expect(tab.status).toBe("error")
    proxy.resume()
    writer.send("lo")
    writer.finish()
    await tab.resumeStream()
    expect([tab.status, textsOf(tab)]).toEqual(["ready", ["", "Hello"]])
  })

  test("useChat shows what came before a stop from another tab, without an error", async () => {
    const { open, writer, stop, chats } = await start()
    const asked = open()
    const asking = asked.sendMessage({ text: "Hi" })
    writer.send("Hel")
    await shows(asked, "Hel")
    const other = open()
    const reading = other.resumeStream()
    await shows(other, "Hel")
    expect((await stop()).status).toBe(204)
    await Promise.all([asking, reading])
    for (const tab of [asked, other])
      expect([tab.status, tab.error, textOf(tab.lastMessage)]).toEqual(["ready", undefined, "Hel"])
    expect(writer.signals.map((signal) => signal?.aborted)).toEqual([true])
    await expect.poll(() => chats.get("7")!.messages.map((message) => textOf(message)), patiently).toEqual(["", "Hel"])
    const later = open()
    await later.resumeStream()
    expect([later.status, textOf(later.lastMessage)]).toEqual(["ready", "Hel"])
  })

  test("useChat has nothing to resume in a chat without an answer, or whose answer is no longer kept", async () => {
    const { open, chats } = await start()
    const tab = open()
    await tab.resumeStream()
    chats.set("7", { messages: [], answerId: "gone" })
    await tab.resumeStream()
    expect([tab.status, tab.error, tab.messages]).toEqual(["ready", undefined, []])
  })

  test.each([
    ["that reports an error", (writer: WrittenModel) => writer.report(new Error("secret")), "An error occurred."],
    ["whose stream breaks", (writer: WrittenModel) => writer.cut(), "The answer broke off. Please ask again."],
  ])("useChat gets an error, and every later reader too, from a model %s", async (_, fail, message) => {
    const { open, writer } = await start()
    const tab = open()
    const asking = tab.sendMessage({ text: "Hi" })
    writer.send("Hel")
    await shows(tab, "Hel")
    const later = open()
    fail(writer)
    await asking
    await later.resumeStream()
    for (const { status, error } of [tab, later]) expect([status, error?.message]).toEqual(["error", message])
  })
}
