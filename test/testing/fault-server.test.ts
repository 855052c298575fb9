import { afterEach, expect, test, vi } from "vitest"
import { chunkings, type FaultScript, type FaultServer, startFaultServer } from "steadystream/testing"

let server: FaultServer | undefined
afterEach(() => server?.close())
const start = async (script: FaultScript) => (server = await startFaultServer(script))

test("startFaultServer() answers with an event stream and records the requests", async () => {
  const { url, requests } = await start({ body: ["data: a\n\n", "data: b\n\n"] })
  const response = await fetch(`${url}path?q=1`, { method: "POST", body: "hello", headers: { "x-one": "1" } })
  expect(response.headers.get("content-type")).toBe("text/event-stream")
  expect(await response.text()).toBe("data: a\n\ndata: b\n\n")
  expect(requests[0]).toMatchObject({ method: "POST", path: "/path?q=1", body: "hello", headers: { "x-one": "1" } })
  await server!.allClosed()
  expect(server!.openSockets).toBe(0)
  expect(server!.totalSockets).toBeGreaterThan(0)
})

test("startFaultServer() cuts at any byte of the response, by FIN and by RST", async () => {
  await start((_, index) => ({ body: "data: abc\n\n", cutAt: index < 2 ? 150 : 5, end: index === 0 ? "fin" : "reset" }))
  for (let index = 0; index < 3; index++) {
    await expect(fetch(server!.url).then((response) => response.text())).rejects.toThrow(TypeError)
  }
})

test("startFaultServer() stalls before headers and after them", async () => {
  await start((_, index) => (index === 0 ? "stall" : { body: "data: a\n\n", end: "stall" }))
  const abort = new AbortController()
  const first = fetch(server!.url, { signal: abort.signal })
  await server!.received(1)
  abort.abort(new Error("enough"))
  await expect(first).rejects.toThrow("enough")
  const response = await fetch(server!.url)
  const reader = response.body!.getReader()
  expect(new TextDecoder().decode((await reader.read()).value)).toBe("data: a\n\n")
  await reader.cancel()
  await server!.allClosed()
})

test("startFaultServer() compresses, and frames by length or by the end of the connection", async () => {
  const body = "data: a\n\n".repeat(1000)
  await start([
    { body, gzip: true },
    { body, framing: "length" },
    { body, framing: "close" },
  ])
  for (let index = 0; index < 3; index++) expect(await fetch(server!.url).then((one) => one.text())).toBe(body)
})

test("startFaultServer() sends an endless body only as fast as the client reads", async () => {
  await start({ endless: "x".repeat(65_536), status: 500 })
  const response = await fetch(server!.url)
  const reader = response.body!.getReader()
  await reader.read()
  await reader.cancel()
  await server!.allClosed()
  expect(server!.bytesTaken).toBeLessThan(32 * 1024 * 1024)
})

test("chunkings() returns the whole, every unit and every cut", () => {
  expect([...chunkings("abc")]).toEqual([
    ["abc"],
    ["a", "b", "c"],
    ["a", "", "b", "", "c", ""],
    ["a", "bc"],
    ["ab", "c"],
  ])
  for (const chunks of chunkings(new Uint8Array([1, 2, 3]))) expect(Buffer.concat(chunks)).toEqual(Buffer.of(1, 2, 3))
})

test("startFaultServer() sends nothing more, and waits for nothing, after it is closed", async () => {
  const set = vi.spyOn(globalThis, "setTimeout")
  await start({ body: ["a", "b", "c", "d"], pieceDelay: 10 })
  const response = await fetch(server!.url)
  await server!.close()
  await response.text().catch(() => {})
  const delays = () => set.mock.calls.filter(([, ms]) => ms === 10).length
  const before = delays()
  await new Promise((resolve) => setImmediate(() => setTimeout(resolve, 60)))
  expect(delays() - before).toBeLessThanOrEqual(1)
  set.mockRestore()
})

test("startFaultServer() counts open sockets, and sends nothing after the cut", async () => {
  await start([{ end: "stall" }, { body: ["a", "b", "c"], framing: "close", cutAt: 5 }])
  const response = await fetch(server!.url)
  expect(server!.openSockets).toBe(1)
  await response.body!.cancel()
  await server!.allClosed()
  const { port } = server!
  const { connect } = await import("node:net")
  const socket = connect(port, "127.0.0.1", () => void socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n"))
  let got = ""
  for await (const piece of socket) got += String(piece)
  expect(got).toBe("HTTP/")
})
