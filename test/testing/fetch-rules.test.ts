import { scriptedFetch } from "steadystream/testing"
import { describe, expect, test, vi } from "vitest"
import { countedSignal, rejection, settle, within } from "../support/streams.ts"

const TARGET = "https://example.com/stream"

describe("scriptedFetch()", () => {
  const opened = (onCancel = vi.fn()) => ({
    onCancel,
    response: new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode("data: a\n\n")),
        cancel: onCancel,
      }),
      { headers: { "content-type": "text/event-stream" } },
    ),
  })

  test("scriptedFetch() cancels the body of a Response when its reader cancels", async () => {
    const { response, onCancel } = opened()
    const reason = new Error("enough")
    await within((await scriptedFetch([response])(TARGET)).body!.cancel(reason), 200)
    expect(onCancel).toHaveBeenCalledTimes(1)
  })

  test("scriptedFetch() breaks the body of a Response when its request aborts", async () => {
    const { response, onCancel } = opened()
    const controller = new AbortController()
    const reason = new Error("enough")
    const answer = await scriptedFetch([response])(TARGET, { signal: controller.signal })
    const reader = answer.body!.getReader()
    await reader.read()
    const next = within(rejection(reader.read()), 200)
    controller.abort(reason)
    expect(await next).toBe(reason)
    expect(onCancel).toHaveBeenCalledTimes(1)
  })

  test("scriptedFetch() answers every further request with the last Response", async () => {
    const fetch = scriptedFetch([new Response("a")])
    expect([await (await fetch(TARGET)).text(), await (await fetch(TARGET)).text()]).toEqual(["a", "a"])
  })

  test.each([
    ["a Response", () => new Response("a")],
    ["a stream", () => ({ chunks: ["data: a\n\n"] })],
    ["a function", () => () => new Response("a")],
    ["an Error", () => new Error("down")],
  ])("scriptedFetch() rejects if its request aborts one microtask after the call: %s", async (_, answer) => {
    const controller = new AbortController()
    const reason = new Error("enough")
    const outcome = rejection(scriptedFetch([answer()])(TARGET, { signal: controller.signal }))
    await Promise.resolve()
    controller.abort(reason)
    expect(await within(outcome.catch(() => "resolved"))).toBe(reason)
  })

  test.each([
    ["a stream", () => ({ chunks: ["data: a\n\n"] })],
    ["a Response", () => new Response("a")],
  ])("scriptedFetch() leaves no listener on the signal after %s was read", async (_, answer) => {
    const { controller, listeners } = countedSignal()
    await (await scriptedFetch([answer()])(TARGET, { signal: controller.signal })).text()
    await settle()
    expect(listeners()).toBe(0)
  })

  test.each([
    ["was cancelled", async (response: Response) => response.body!.cancel()],
    ["broke", async (response: Response) => response.text().catch(() => {})],
  ])("scriptedFetch() leaves no listener on the signal after a stream %s", async (what, use) => {
    const { controller, listeners } = countedSignal()
    await use(
      await scriptedFetch([{ chunks: ["data: a\n\n"], end: what === "broke" ? "reset" : "stall" }])(TARGET, {
        signal: controller.signal,
      }),
    )
    await settle()
    expect(listeners()).toBe(0)
  })

  test.each(["Content-Type", "CONTENT-TYPE", "content-type"])(
    "scriptedFetch() takes the header %s in place of its own",
    async (name) => {
      const response = await scriptedFetch([{ headers: { [name]: "text/plain" } }])(TARGET)
      expect(response.headers.get("content-type")).toBe("text/plain")
    },
  )

  test.each([
    ["get", "GET"],
    ["post", "POST"],
    ["delete", "DELETE"],
    ["head", "HEAD"],
    ["patch", "patch"],
    ["query", "query"],
  ])("scriptedFetch() shows the method %s as %s, as fetch sends it", async (method, expected) => {
    const fetch = scriptedFetch([new Response("a")])
    await fetch(TARGET, { method })
    expect(fetch.requests[0]!.method).toBe(expected)
  })

  test.each([
    ["a body with GET", TARGET, { body: "x" }],
    ["a body with HEAD", TARGET, { method: "HEAD", body: "x" }],
    ["a relative URL", "/stream", {}],
    ["a method that is no token", TARGET, { method: "a b" }],
    ["the method CONNECT", TARGET, { method: "CONNECT" }],
    ["credentials in the URL", "https://user:pw@example.com/", {}],
    ["a header that is no token", TARGET, { headers: { "x y": "1" } }],
  ])("scriptedFetch() rejects %s with a TypeError, as fetch does", async (_, url, init) => {
    const fetch = scriptedFetch([new Response("a")])
    expect(await within(rejection(fetch(url, init)).catch(() => "resolved"))).toBeInstanceOf(TypeError)
    expect(fetch.requests).toHaveLength(0)
  })

  test.each([301, 302, 303, 307, 308])('scriptedFetch() rejects status %i with redirect: "error"', async (status) => {
    const fetch = scriptedFetch([new Response(null, { status, headers: { location: "/b" } })])
    const outcome = rejection(fetch(TARGET, { redirect: "error" })).catch(() => "resolved")
    expect(await within(outcome)).toBeInstanceOf(TypeError)
  })

  test("scriptedFetch() consumes no answer for a request that is aborted already", async () => {
    const fetch = scriptedFetch([new Response("first"), new Response("second")])
    await rejection(fetch(TARGET, { signal: AbortSignal.abort() }))
    expect(await (await fetch(TARGET)).text()).toBe("first")
    expect(fetch.requests).toHaveLength(1)
  })

  test("scriptedFetch() shows the body and the signal of a Request", async () => {
    const fetch = scriptedFetch([new Response("a")])
    const controller = new AbortController()
    await fetch(new Request(TARGET, { method: "POST", body: "question", signal: controller.signal }))
    const { body } = fetch.requests[0]!
    expect(await new Response(body).text()).toBe("question")
  })
})
