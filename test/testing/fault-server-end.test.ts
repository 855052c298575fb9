import { type FaultAnswer, startFaultServer } from "steadystream/testing"
import { describe, expect, onTestFinished, test, vi } from "vitest"
import { rawRequest } from "../support/listen.ts"
import { runProgram } from "../support/program.ts"
import { settle, within } from "../support/streams.ts"

describe("startFaultServer()", () => {
  async function start(script: Parameters<typeof startFaultServer>[0]) {
    const server = await startFaultServer(script)
    onTestFinished(() => server.close().catch(() => {}))
    return server
  }
  /** The bytes after the head of the answer to `method`. */
  async function bodyOf(answer: FaultAnswer, method = "GET"): Promise<{ head: string; body: string }> {
    const server = await start(answer)
    const client = await rawRequest(server.url.replace(/\/$/, ""), `${method} / HTTP/1.1\r\nhost: a\r\n\r\n`)
    await vi.waitFor(() => expect(client.text).toContain("\r\n\r\n"))
    for (let at = 0; at < 100 && !client.ended; at++) await settle(1)
    const end = client.text.indexOf("\r\n\r\n") + 4
    return { head: client.text.slice(0, end).toLowerCase(), body: client.text.slice(end) }
  }
  const framings = ["chunked", "length", "close"] as const

  test.each(framings.flatMap((framing) => [204, 304].map((status) => [status, framing] as const)))(
    "startFaultServer() sends no body bytes with status %i and the framing %s",
    async (status, framing) => {
      const { head, body } = await bodyOf({ status, framing, body: "data: a\n\n" })
      expect(head).toContain(` ${status} `)
      expect(body).toBe("")
      if (status === 204) expect(head).not.toMatch(/transfer-encoding|content-length/)
    },
  )

  test.each(framings)("startFaultServer() answers HEAD without body bytes with the framing %s", async (framing) => {
    const { head, body } = await bodyOf({ framing, body: "data: a\n\n" }, "HEAD")
    expect(head).toContain(" 200 ")
    expect(body).toBe("")
  })

  test("startFaultServer() answers HEAD without body bytes if the body is endless", async () => {
    const { body } = await bodyOf({ endless: "data: a\n\n" }, "HEAD")
    expect(body).toBe("")
  })

  test("close() leaves no timer behind", async () => {
    const { code, output } = await runProgram(
      `
      import { startFaultServer } from "steadystream/testing"
      const server = await startFaultServer({ body: ["a", "b", "c"], pieceDelay: 300_000 })
      fetch(server.url).catch(() => {})
      await server.received(1)
      await new Promise((resolve) => setTimeout(resolve, 20))
      await server.close()
      console.log("closed")`,
    )
    expect([code, output]).toEqual([0, "closed"])
  })

  test.each([
    ["received()", (server: Awaited<ReturnType<typeof startFaultServer>>) => server.received(5)],
    ["allClosed()", async (server: Awaited<ReturnType<typeof startFaultServer>>) => server.allClosed()],
  ])("close() settles what waits for %s", async (_, wait) => {
    const server = await start({})
    const waiting = wait(server).then(
      () => "settled",
      () => "settled",
    )
    await server.close()
    expect(await within(waiting)).toBe("settled")
  })

  test("close() may be called twice", async () => {
    const server = await start({})
    await server.close()
    expect(await within(server.close().then(() => "closed"))).toBe("closed")
  })

  test.each([
    [
      "throws",
      () => {
        throw new Error("script is broken")
      },
    ],
    [
      "rejects",
      async () => {
        throw new Error("script is broken")
      },
    ],
    ["returns nothing", () => undefined as never],
  ] as [string, () => FaultAnswer][])("startFaultServer() does not hide that a script %s", async (what, script) => {
    const print = vi.spyOn(console, "error").mockImplementation(() => {})
    const server = await start(script)
    const answer = await within(
      fetch(server.url)
        .then((response) => response.text())
        .catch(() => "broken"),
    )
    const closing = await server.close().then(
      () => undefined,
      (error: unknown) => error,
    )
    const told = [answer, ...print.mock.calls.flat(), closing].map(String).join("\n")
    expect(told).toMatch(what === "returns nothing" ? /must|script/ : /script is broken/)
  })
})
