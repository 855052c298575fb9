import { describe, expect, test, vi } from "vitest"
import { SseTruncatedError } from "steadystream"
import { relay } from "steadystream/openai"
import { ManualClock } from "steadystream/testing"
import { CHUNK, END, ManualProvider, relayed } from "./manual-provider.ts"
import { eventsOf, settle, textOf } from "../writing/stream-reading.ts"
import { silenceReports } from "../../support/silence-reports.ts"

silenceReports()

/** Returns an error only for a cut answer. */
function describeCut(error: unknown) {
  return error instanceof SseTruncatedError ? { message: "Cut short", code: "cut" } : undefined
}

describe("relay()", () => {
  test.each([
    ["ends without a finish reason", (provider: ManualProvider) => provider.end(), "truncated"],
    ["breaks", (provider: ManualProvider) => provider.break(new Error("ECONNRESET 10.0.0.7")), "connection"],
    ["sends data that is not JSON", (provider: ManualProvider) => provider.send("data: {secret\n\n"), "malformed"],
  ])("relay() reports to the browser that the provider %s, without the end mark", async (_, fail, code) => {
    const provider = new ManualProvider()
    const onError = vi.fn<(error: unknown) => void>()
    const answer = relay(provider.ask, { onError })
    const body = textOf(answer.toReadableStream())
    await settle()
    provider.send(CHUNK)
    await settle()
    fail(provider)
    const error = { message: "The answer could not be completed", type: "server_error", param: null, code }
    expect(await body).toBe(`${CHUNK}data: ${JSON.stringify({ error })}\n\n`)
    const end = await answer.ended
    expect(end).toMatchObject({ reason: "error", error: { code, requestId: "req_1", chunks: 1 } })
    expect(onError.mock.calls).toEqual([[end.error]])
    expect(answer.response).toMatchObject({ status: 200, requestId: "req_1" })
  })

  test("relay() reports a timeout of the provider to the browser", async () => {
    const clock = new ManualClock()
    const provider = new ManualProvider()
    const body = textOf(relay(provider.ask, { clock, timeouts: { eventIdle: 20_000 } }).toReadableStream())
    await clock.advance(20_000)
    const text = await body
    expect(text).toMatch(/^(?:: keep-alive\n\n)+data: \{"error":.*"code":"timeout"\}\}\n\n$/)
    expect(provider.signal!.aborted).toBe(true)
  })

  test("relay() reports only that a request was refused, and no details", async () => {
    const refusal = { error: { message: "Incorrect API key provided: sk-abc", code: "invalid_api_key" } }
    const answer = relay(new Response(JSON.stringify(refusal), { status: 401 }))
    const text = await textOf(answer.toReadableStream())
    expect(text).toMatch(/"code":"response"/)
    expect(text).not.toMatch(/sk-|invalid_api_key|DONE/)
  })

  test("relay() sends the browser what onError returns instead", async () => {
    expect(await relayed(CHUNK, { onError: describeCut })).toBe(
      `${CHUNK}data: {"error":{"message":"Cut short","type":"server_error","param":null,"code":"cut"}}\n\n`,
    )
    const failure = 'data: {"error":{"message":"secret","type":"t","code":"c","param":null}}\n\n'
    expect(await relayed(failure, { onError: () => ({ message: "Sorry" }) })).not.toContain("secret")
    expect(await relayed(failure, { onError: describeCut })).toBe(failure)
  })

  test("relay() reports to the browser that the server cancelled the answer", async () => {
    const provider = new ManualProvider()
    const answer = relay(provider.ask)
    const body = textOf(answer.toReadableStream())
    await settle()
    await answer.cancel("shutdown")
    expect(provider.signal!.reason).toBe("shutdown")
    expect(await body).toMatch(/^data: \{"error":.*"code":"cancelled"\}\}\n\n$/)

    const controller = new AbortController()
    const other = textOf(relay(new ManualProvider().ask, { signal: controller.signal }).toReadableStream())
    await settle()
    controller.abort()
    expect(await other).toMatch(/^data: \{"error":.*"code":"cancelled"\}\}\n\n$/)
  })

  test.each([
    ["an error object", 'data: {"error":{"message":"Overloaded","code":"overloaded"}}\n\n', ""],
    [
      "a chunk with an error",
      'data: {"error":{"message":"No"},"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n',
      "",
    ],
    ["an error in words", 'data: {"error":"boom"}\n\n', '{"message":"boom","type":null,"param":null,"code":null}'],
    [
      "an error by its object",
      'data: {"object":"error","message":"boom","code":400}\n\n',
      '{"message":"boom","type":null,"param":null,"code":"400"}',
    ],
    [
      "an error by its event",
      'event: error\ndata: {"message":"boom"}\n\n',
      '{"message":"boom","type":null,"param":null,"code":null}',
    ],
    [
      "an error by its field",
      'error: {"message":"boom"}\n\n',
      '{"message":"boom","type":null,"param":null,"code":null}',
    ],
  ])("relay() forwards %s as clients of the dialect expect it", async (_, failure, error) => {
    const text = await relayed(`${CHUNK}${failure}${END}`)
    expect(text).toBe(CHUNK + (error === "" ? failure : `data: {"error":${error}}\n\n`))
  })

  test("relay() ends at a provider's error with any options", async () => {
    const failure = 'data: {"error":{"message":"No"}}\n\n'
    expect(await relayed(failure + CHUNK + END, { onProviderError: "yield" } as never)).toBe(failure)
  })

  test("relay() forwards a choice that ended in an error, and reports the error after it", async () => {
    const aborted = 'data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"abort"}]}\n\n'
    const events = await eventsOf(await relayed(`${CHUNK}${aborted}${END}`))
    expect(`data: ${events[1]!.data}\n\n`).toBe(aborted)
    expect(JSON.parse(events[2]!.data)).toMatchObject({ error: { code: "abort" } })
    expect(events).toHaveLength(3)
  })

  test("relay() forwards an error of a Responses stream with the response.failed that follows it", async () => {
    const created =
      'event: response.created\ndata: {"type":"response.created","sequence_number":0,"response":{"id":"r"}}\n\n'
    const error = 'event: error\ndata: {"type":"error","sequence_number":1,"error":{"message":"No"}}\n\n'
    const failed =
      'event: response.failed\ndata: {"type":"response.failed","sequence_number":2,"response":{"id":"r"}}\n\n'
    const options = { dialect: "responses" } as never
    expect(await relayed(created + error + failed, options)).toBe(created + error + failed)

    const events = await eventsOf(await relayed(created + error, options))
    expect(events.map(({ event }) => event)).toEqual(["response.created", "error", "response.failed"])
    expect(JSON.parse(events[2]!.data)).toMatchObject({
      sequence_number: 2,
      response: { id: "r", status: "failed", error: { message: "No" } },
    })
    const cut = await eventsOf(await relayed(created, options))
    expect(cut.map(({ event }) => event)).toEqual(["response.created", "error", "response.failed"])
    expect(JSON.parse(cut[1]!.data)).toMatchObject({ sequence_number: 1, code: "truncated" })
  })
})
