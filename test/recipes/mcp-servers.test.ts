import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js"
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js"
import express from "express"
import Redis from "ioredis"
import { createClient } from "redis"
import { readEvents } from "steadystream"
import { redisStore } from "steadystream/redis"
import { type EventStore, memoryStore, type StoreWatch } from "steadystream/server"
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest"
import { createMcpHandler, type McpHandlerOptions } from "../../examples/mcp-server/mcp-handler.ts"
import { SessionEvents } from "../../examples/mcp-server/session-events.ts"
import { type RedisServer, startRedis } from "../support/redis-server.ts"
import { describeWithRedis, redisOfTest } from "../support/with-redis.ts"
import { comeBack, connectMcp, runServer, serveMcp, steppedTool } from "../support/mcp.ts"

/** Two handles on the same logs, as two processes have them. */
type MakeStores = () => Promise<readonly [EventStore, EventStore]>

const logOf = (sessionId: string | undefined) => `mcp:${sessionId}`

async function start(store: EventStore, options: Partial<McpHandlerOptions> = {}) {
  const tool = steppedTool()
  const serve = (handle: EventStore) =>
    serveMcp(createMcpHandler({ store: handle, retryInterval: 5, ...tool, ...options }))
  return { tool, serve, origin: await serve(store) }
}

const note = (n: number) => ({ jsonrpc: "2.0" as const, method: `n${n}` })

function sessionRequest(sessionId: string, headers: Record<string, string>, body?: object): Request {
  const accept = "application/json, text/event-stream"
  const all = { accept, "content-type": "application/json", "mcp-session-id": sessionId, ...headers }
  const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }
  return new Request("http://127.0.0.1/", { headers: all, ...init })
}

/** An initialized session of the package, without HTTP. */
async function openSession(eventStore: SessionEvents, sessionId: string) {
  const transport = new WebStandardStreamableHTTPServerTransport({ eventStore, sessionIdGenerator: () => sessionId })
  await steppedTool().createMcpServer().connect(transport)
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1.0.0" } }
  const initialize = { jsonrpc: "2.0", id: 0, method: "initialize", params }
  await (await transport.handleRequest(sessionRequest(sessionId, {}, initialize))).text()
  return transport
}

/** The messages of a reply until one has this text in it. */
async function messagesUntil(response: Response, text: string): Promise<string[]> {
  const messages: string[] = []
  for await (const { data } of readEvents(response)) {
    if (data !== "") messages.push(data)
    if (data.includes(text)) break
  }
  return messages
}

describe("examples/mcp-server on memoryStore()", () => {
  testSessions(async () => {
    const store = memoryStore()
    return [store, store]
  })
})

describeWithRedis("examples/mcp-server on redisStore()", () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  let runs = 0
  testSessions(async () => {
    const prefix = `${++runs}:`
    const clients = [await createClient({ url: server.url }).connect(), new Redis(server.url)] as const
    onTestFinished(() => clients[0].destroy())
    onTestFinished(() => clients[1].disconnect())
    return [redisStore(clients[0], { prefix }), redisStore(clients[1], { prefix })]
  })

  test("createMcpHandler sends the whole answer after kill -9 of the process that ran the tool", async () => {
    const [first, second] = [await runServer(server.url), await runServer(server.url)]
    const client = await connectMcp(first.origin)
    const progress: number[] = []
    const result = client.client.callTool({ name: "report" }, undefined, {
      onprogress: (step) => {
        if (progress.push(step.progress) !== 3) return
        client.proxy.cut()
        client.proxy.route(second.origin)
      },
    })
    const redis = await createClient({ url: server.url }).connect()
    onTestFinished(() => redis.destroy())
    const store = redisStore(redis)
    const stored = async () => JSON.stringify(await store.read(logOf(client.transport.sessionId), "start"))
    await expect.poll(stored, { timeout: 30_000 }).toContain("The report is ready")
    await first.kill()
    client.proxy.resume()
    expect((await result).content).toEqual([{ type: "text", text: "The report is ready" }])
    expect(progress).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })

  test("server.ts goes on when its Redis comes back", async () => {
    const redis = await redisOfTest()
    const { origin } = await runServer(redis.url)
    await redis.kill()
    await redis.restart()
    // The connection of this question, and that of the server.
    await expect.poll(() => redis.info("connected_clients"), { timeout: 30_000 }).toBeGreaterThan(1)
    const { client } = await connectMcp(origin)
    const { content } = await client.callTool({ name: "report" })
    expect(content).toEqual([{ type: "text", text: "The report is ready" }])
  })
})

function testSessions(makeStores: MakeStores): void {
  async function startStores(): Promise<readonly [EventStore, EventStore]> {
    const stores = await makeStores()
    onTestFinished(() => stores[0].close())
    onTestFinished(() => stores[1].close())
    return stores
  }
  const startStore = async () => (await startStores())[0]

  test("createMcpHandler sends each message once and in order, wherever the connection is cut", async () => {
    const { tool, origin } = await start(await startStore())
    const client = await connectMcp(origin)
    for (let cutAt = 0; cutAt <= 4; cutAt++) {
      const name = `run ${cutAt}`
      const { seen, result } = await client.call(name)
      const run = await tool.run(name)
      const all: string[] = []
      for (let n = 1; n <= 4; n++) {
        if (n > cutAt) client.proxy.cut()
        await run.step()
        all.push(`${name} ${n}`)
        if (n > cutAt) client.proxy.resume()
        if (n % 2 === 0) await expect.poll(() => seen).toEqual(all)
      }
      if (cutAt === 4) client.proxy.cut()
      run.finish()
      client.proxy.resume()
      expect(await result).toBe(name)
      expect(seen).toEqual(all)
    }
  })

  test("createMcpHandler resumes a client whose connection breaks again before a message came", async () => {
    const { tool, origin } = await start(await startStore())
    const client = await connectMcp(origin)
    const { seen, ids, result } = await client.call("a")
    const run = await tool.run("a")
    await run.step()
    await expect.poll(() => seen).toEqual(["a 1"])
    for (let n = 0; n < 3; n++) {
      const before = ids.length
      client.proxy.cut()
      client.proxy.resume()
      await expect.poll(() => ids.length).toBeGreaterThan(before)
    }
    await run.step()
    run.finish()
    expect(await result).toBe("a")
    expect(seen).toEqual(["a 1", "a 2"])
  })

  test("createMcpHandler resumes two calls of a session and two sessions at once, and never mixes them", async () => {
    const { tool, origin } = await start(await startStore())
    const [first, second] = [await connectMcp(origin), await connectMcp(origin)]
    const calls = [await first.call("a"), await first.call("b"), await second.call("c"), await second.call("d")]
    const runs = await Promise.all(["a", "b", "c", "d"].map((name) => tool.run(name)))
    for (const run of runs) await run.step()
    await expect.poll(() => calls.map(({ seen }) => seen.length)).toEqual([1, 1, 1, 1])
    for (const { proxy } of [first, second]) proxy.cut()
    for (let n = 0; n < 3; n++) for (const run of runs) await run.step()
    for (const { proxy } of [first, second]) proxy.resume()
    for (const run of runs.toReversed()) run.finish()
    expect(await Promise.all(calls.map(({ result }) => result))).toEqual(["a", "b", "c", "d"])
    for (const [at, name] of ["a", "b", "c", "d"].entries()) {
      expect(calls[at]!.seen).toEqual([1, 2, 3, 4].map((n) => `${name} ${n}`))
    }
  })

  test("createMcpHandler sends the messages of a session without a call, and continues them after a cut", async () => {
    const { tool, origin } = await start(await startStore())
    const client = await connectMcp(origin)
    const logged: unknown[] = []
    client.client.fallbackNotificationHandler = async ({ params }) => void logged.push(params?.["data"])
    const { seen } = await client.call("a")
    const run = await tool.run("a")
    // The client opens the stream of its session beside its calls. What comes before, it does not get.
    await expect.poll(() => run.log("ready").then(() => logged.length)).toBeGreaterThan(0)
    logged.length = 0
    await run.log("1")
    await expect.poll(() => logged).toContain("1")
    client.proxy.cut()
    await run.log("2")
    client.proxy.resume()
    await run.log("3")
    await expect.poll(() => logged.filter((text) => text !== "ready")).toEqual(["1", "2", "3"])
    expect(seen).toEqual([])
  })

  test("createMcpHandler continues a session of another process, and ends the response after the answer", async () => {
    const [store, otherStore] = await startStores()
    const { tool, origin, serve } = await start(store)
    const other = await serve(otherStore)
    const client = await connectMcp(origin)
    const { seen, ids, result } = await client.call("a")
    const run = await tool.run("a")
    await run.step()
    await expect.poll(() => seen).toEqual(["a 1"])
    client.proxy.cut()
    client.proxy.route(other)
    await run.step()
    client.proxy.resume()
    await expect.poll(() => seen).toEqual(["a 1", "a 2"])
    await run.step()
    run.finish()
    expect(await result).toBe("a")
    expect(seen).toEqual(["a 1", "a 2", "a 3"])
    const whole = await (await comeBack(other, client.transport, ids[0]!)).text()
    expect(whole.match(/"progress":\d/g)).toEqual(['"progress":1', '"progress":2', '"progress":3'])
    await expect(client.client.ping()).rejects.toThrow("Session not found")
  })

  test("createMcpHandler ends the response of a client that waits for long, and the client comes back", async () => {
    const { tool, origin } = await start(await startStore())
    const client = await connectMcp(origin)
    const { seen, ids, result } = await client.call("a")
    const run = await tool.run("a")
    const controllers: AbortController[] = []
    const realTimeout = AbortSignal.timeout.bind(AbortSignal)
    const timeout = vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
      if (ms !== 300_000) return realTimeout(ms)
      const controller = new AbortController()
      controllers.push(controller)
      return controller.signal
    })
    onTestFinished(() => timeout.mockRestore())
    client.proxy.cut()
    client.proxy.resume()
    for (let n = 1; n <= 3; n++) {
      await expect.poll(() => [controllers.length, ids.length]).toEqual([n, n + 1])
      controllers.at(-1)!.abort()
    }
    await run.step()
    run.finish()
    expect(await result).toBe("a")
    expect(seen).toEqual(["a 1"])
  })

  test("createMcpHandler refuses the event ID of another session, and of none", async () => {
    const store = await startStore()
    const { tool, origin } = await start(store)
    const [mine, other] = [await connectMcp(origin), await connectMcp(origin)]
    const { seen, ids } = await other.call("secret")
    const run = await tool.run("secret")
    for (let n = 1; n <= 20; n++) await run.step()
    await expect.poll(() => seen).toHaveLength(20)
    const { state } = await store.read(logOf(mine.transport.sessionId), "end")
    const last = Number(state.last.split("-")[1])
    for (const id of ids) {
      const response = await comeBack(origin, mine.transport, id)
      if (Number(id.split("-")[1]) > last) expect(response.status).toBe(404)
      // In one process, the cursors of two sessions look alike. The client then gets its own messages, and no others.
      if (response.ok) await response.body!.cancel()
      else expect(await response.text()).not.toContain("secret")
    }
    const [, epoch, sequence] = /^(.*)-(\d+)$/.exec(ids.at(-1)!)!
    const next = `${epoch}-${Number(sequence) + 1}`
    const forged = ["start", "end", "0", "*", "a-1", `${epoch}-0`, `${epoch}-01`, next, `${epoch}-9007199254740993`]
    for (const id of forged) expect((await comeBack(origin, other.transport, id)).status, id).toBe(404)
  })

  test("createMcpHandler replays only the stream of the event ID", async () => {
    const { tool, origin } = await start(await startStore())
    const client = await connectMcp(origin)
    const calls = [await client.call("a"), await client.call("b")]
    const runs = [await tool.run("a"), await tool.run("b")]
    for (let n = 0; n < 3; n++) for (const run of runs) await run.step()
    for (const run of runs) run.finish()
    await Promise.all(calls.map(({ result }) => result))
    const text = (await messagesUntil(await comeBack(origin, client.transport, calls[0]!.ids[0]!), "result")).join("")
    expect(text.match(/"message":"\w"/g)).toEqual(['"message":"a"', '"message":"a"', '"message":"a"'])
  })

  test("createMcpHandler removes the messages of a session that the client ends, and refuses later ones", async () => {
    const store = await startStore()
    const { tool, origin } = await start(store)
    const client = await connectMcp(origin)
    const { ids } = await client.call("a")
    const run = await tool.run("a")
    await run.step()
    const { sessionId, protocolVersion } = client.transport
    const stored = async () => (await store.read(logOf(sessionId), "start")).events.length
    expect(await stored()).toBeGreaterThan(0)
    await client.transport.terminateSession()
    await run.step().catch(() => {})
    expect(await stored()).toBe(0)
    expect((await comeBack(origin, { sessionId, protocolVersion }, ids[0]!)).status).toBe(404)
  })

  test("SessionEvents is an event store of the package by itself, without createMcpHandler", async () => {
    const store = await startStore()
    const tool = steppedTool()
    const errors: string[] = []
    const events = new SessionEvents(store, "s1")
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => "s1",
      eventStore: events,
      retryInterval: 5,
    })
    transport.onerror = ({ message }) => void errors.push(message)
    await tool.createMcpServer().connect(transport)
    const origin = await serveMcp((req, res) => transport.handleRequest(req, res))
    const client = await connectMcp(origin)
    const { seen, result } = await client.call("a")
    const run = await tool.run("a")
    await run.step()
    await expect.poll(() => seen).toEqual(["a 1"])
    client.proxy.cut()
    await run.step()
    client.proxy.resume()
    await expect.poll(() => seen).toEqual(["a 1", "a 2"])
    client.proxy.cut()
    await run.step()
    run.finish()
    client.proxy.resume()
    expect(await result).toBe("a")
    expect(seen).toEqual(["a 1", "a 2", "a 3"])
    errors.length = 0
    expect((await comeBack(origin, client.transport, "a-1")).status).toBe(500)
    expect(errors).toEqual(["Cannot replay: the session does not have this event ID"])
    await transport.close()
  })

  test("SessionEvents loses and doubles no message that is sent at any moment of a replay", async () => {
    const [store, faults] = [await startStore(), [] as string[]]
    for (let delay = 0; delay < 60; delay++) {
      const events = new SessionEvents(store, `s${delay}`)
      const transport = await openSession(events, `s${delay}`)
      const first = await events.storeEvent("_GET_stream", note(0))
      const replay = transport.handleRequest(sessionRequest(`s${delay}`, { "last-event-id": first }))
      for (let n = 0; n < delay; n++) await (n % 3 === 2 ? new Promise(setImmediate) : undefined)
      await transport.send(note(1))
      const response = await replay
      await transport.send(note(2))
      const messages = (await messagesUntil(response, "n2")).join("")
      if (messages !== JSON.stringify(note(1)) + JSON.stringify(note(2))) faults.push(`${delay}: ${messages}`)
      await transport.close()
    }
    expect(faults).toEqual([])
  })

  test("SessionEvents follows a stream over many pages of other streams", async () => {
    const store = await startStore()
    const events = new SessionEvents(store, "s1")
    const first = await events.storeEvent("a", note(0))
    for (let n = 1; n <= 500; n++) await events.storeEvent(n % 50 === 0 ? "a" : "b", note(n))
    const seen: string[] = []
    await events.replayEventsAfter(first, { send: async (_id, message) => void seen.push(JSON.stringify(message)) })
    expect(seen).toEqual(Array.from({ length: 10 }, (_, at) => JSON.stringify(note((at + 1) * 50))))
  })

  test("SessionEvents refuses a message after the end of its session", async () => {
    const store = await startStore()
    const events = new SessionEvents(store, "s1")
    await events.storeEvent("a", note(1))
    await events.end()
    await expect(events.storeEvent("a", note(2))).rejects.toThrow("the session has ended")
    expect((await store.read(logOf("s1"), "start")).events).toEqual([])
  })

  test("SessionEvents stops watching its log when the client has left", async () => {
    const store = await startStore()
    const watch = vi.spyOn(store, "watch")
    const events = new SessionEvents(store, "s1")
    const controller = new AbortController()
    const following = events.follow(await events.storeEvent("a", note(1)), controller.signal)
    await following.next()
    const next = following.next()
    await expect.poll(() => watch.mock.results).toHaveLength(1)
    const stop = vi.spyOn(watch.mock.results[0]!.value as StoreWatch, "stop")
    controller.abort()
    expect((await next).done).toBe(true)
    expect(stop).toHaveBeenCalledOnce()
  })
}

test("createMcpHandler refuses an event ID whose message is no longer stored", async () => {
  const { tool, origin } = await start(memoryStore({ retention: { events: 3 } }))
  const client = await connectMcp(origin)
  const { ids } = await client.call("a")
  const run = await tool.run("a")
  for (let n = 0; n < 4; n++) await run.step()
  await expect.poll(() => ids).toHaveLength(5)
  expect((await comeBack(origin, client.transport, ids[1]!)).status).toBe(404)
  expect((await comeBack(origin, client.transport, ids[2]!)).status).toBe(200)
})

test("SessionEvents throws if a message that it should send was trimmed meanwhile", async () => {
  const events = new SessionEvents(memoryStore({ retention: { events: 2 } }), "s1")
  const following = events.follow(await events.storeEvent("a", note(1)), new AbortController().signal)
  await following.next()
  for (let n = 2; n <= 4; n++) await events.storeEvent("a", note(n))
  await expect(following.next()).rejects.toThrow("no longer stored")
})

test("createMcpHandler refuses a session over the limit, and closes one without a client", async () => {
  const { origin } = await start(memoryStore(), { maxSessions: 1, idle: 2_000 })
  const client = await connectMcp(origin)
  await expect(connectMcp(origin)).rejects.toThrow("Too many sessions")
  await client.client.close()
  await expect.poll(() => connectMcp(origin).then(() => "open", String), { timeout: 30_000 }).toBe("open")
})

test("createMcpHandler takes the parsed body of express", async () => {
  const tool = steppedTool()
  const handle = createMcpHandler({ store: memoryStore(), retryInterval: 5, ...tool })
  const app = express()
  app.use(express.json())
  app.all("/", (req, res) => handle(req, res, req.body))
  const client = await connectMcp(await serveMcp(async (req, res) => void app(req, res)))
  const { seen, result } = await client.call("a")
  const run = await tool.run("a")
  client.proxy.cut()
  await run.step()
  client.proxy.resume()
  run.finish()
  expect(await result).toBe("a")
  expect(seen).toEqual(["a 1"])
})
