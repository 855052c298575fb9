/* What the guide says of the package without the handler of the example, and why the example answers by itself. */
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js"
import { memoryStore } from "steadystream/server"
import { describe, expect, onTestFinished, test } from "vitest"
import { createMcpHandler } from "../../examples/mcp-server/mcp-handler.ts"
import { SessionEvents } from "../../examples/mcp-server/session-events.ts"
import { comeBack, connectMcp, serveMcp, steppedTool } from "../support/mcp.ts"

describe("@modelcontextprotocol/sdk without createMcpHandler", () => {
  /** A session whose requests are kept, and the number of its open responses to a last event ID. */
  async function startPlain(eventStore = new SessionEvents(memoryStore(), "s1")) {
    const tool = steppedTool()
    const lastEventIds: (string | undefined)[] = []
    let resumed = 0
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => "s1",
      eventStore,
      retryInterval: 5,
    })
    await tool.createMcpServer().connect(transport)
    const origin = await serveMcp(async (req, res) => {
      const id = req.headers["last-event-id"] as string | undefined
      if (req.method === "GET") lastEventIds.push(id)
      if (id !== undefined) resumed++
      if (id !== undefined) res.once("close", () => resumed--)
      await transport.handleRequest(req, res)
    })
    onTestFinished(() => transport.close())
    const client = await connectMcp(origin)
    const { result, ids } = await client.call("a")
    return { origin, ids, client, lastEventIds, result, run: await tool.run("a"), resumed: () => resumed }
  }

  test("StreamableHTTPServerTransport leaves a resumed response open after the result", async () => {
    const { client, result, run, resumed } = await startPlain()
    client.proxy.cut()
    run.finish()
    client.proxy.resume()
    expect(await result).toBe("a")
    await client.client.ping()
    expect(resumed()).toBe(1)
  })

  test("StreamableHTTPClientTransport forgets its last event ID if a resumed connection breaks without a message", async () => {
    const { client, lastEventIds, resumed } = await startPlain()
    await expect.poll(() => lastEventIds).toEqual([undefined])
    client.proxy.cut()
    client.proxy.resume()
    await expect.poll(resumed).toBe(1)
    client.proxy.cut()
    lastEventIds.length = 0
    client.proxy.resume()
    await expect.poll(() => lastEventIds.length).toBeGreaterThan(1)
    expect(lastEventIds.filter((id) => id !== undefined)).toEqual([])
  })

  test("StreamableHTTPServerTransport replaces a connection that looks open", async () => {
    const { origin, ids, client } = await startPlain()
    const first = await comeBack(origin, client.transport, ids[0]!)
    expect(first.status).toBe(200)
    expect((await comeBack(origin, client.transport, ids[0]!)).status).toBe(200)
    expect(await first.text()).toBe("")
  })

  test("StreamableHTTPServerTransport refuses to replace it if the store has getStreamIdForEventId()", async () => {
    const events = new SessionEvents(memoryStore(), "s1")
    const getStreamIdForEventId = (id: string) => events.replayEventsAfter(id, { send: async () => {} })
    const { origin, ids, client } = await startPlain(Object.assign(events, { getStreamIdForEventId }))
    expect((await comeBack(origin, client.transport, ids[0]!)).status).toBe(409)
  })

  test("McpServer reports a result that could not be stored, and does not send it", async () => {
    const store = memoryStore()
    const tool = steppedTool()
    const server = tool.createMcpServer()
    const reported: string[] = []
    server.server.onerror = ({ message }) => void reported.push(message)
    const client = await connectMcp(
      await serveMcp(createMcpHandler({ store, createMcpServer: () => server, retryInterval: 5 })),
    )
    const { seen } = await client.call("a")
    const run = await tool.run("a")
    await store.close()
    await expect(run.step()).rejects.toThrow("closed")
    run.finish()
    await expect.poll(() => reported.join("")).toContain("Failed to send response")
    expect(seen).toEqual([])
  })
})
