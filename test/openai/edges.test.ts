import { describe, expect, test, vi } from "vitest"
import { readChatCompletions, relay } from "steadystream/openai"
import { ManualClock } from "steadystream/testing"

const payload = (text: string, finish?: string) =>
  JSON.stringify({
    choices: [{ index: 0, delta: { content: text }, ...(finish !== undefined && { finish_reason: finish }) }],
  })
const line = (text: string, finish?: string) => `data: ${payload(text, finish)}\n`
const DONE_LINE = "data: [DONE]\n"

/** A body that never ends, and how often it was cancelled. */
function endless(first = "") {
  const cancel = vi.fn<() => void>()
  const encoder = new TextEncoder()
  let pulls = 0
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
    { pull: (controller) => controller.enqueue(encoder.encode(pulls++ === 0 ? first || ":\n" : ":\n")), cancel },
    { highWaterMark: 0 },
  )
  const response = (init: ResponseInit = {}) =>
    new Response(body, { headers: { "content-type": "text/event-stream" }, ...init })
  return { cancel, response }
}

describe("readChatCompletions() at a body's last line", () => {
  test("readChatCompletions() reads payloads of single lines that no blank line ends", async () => {
    const stream = readChatCompletions(line("a") + line("b", "stop") + DONE_LINE)
    expect((await stream.collect()).choices[0]!.content).toBe("ab")
    expect(await stream.ended).toMatchObject({ reason: "done" })
  })

  test("readChatCompletions() reads a last payload that is glued to its end mark", async () => {
    const stream = readChatCompletions(`${line("a")}\n${line("b", "stop")}data: [DONE]`)
    expect((await stream.collect()).choices[0]!.content).toBe("ab")
    expect(await stream.ended).toMatchObject({ reason: "done" })
  })

  test("readChatCompletions() takes an error field for the provider's, also as the last line", async () => {
    for (const end of ["", "\n", "\n\n"]) {
      const stream = readChatCompletions(`${line("a")}\nerror: oops${end}`)
      await expect(stream.collect()).rejects.toMatchObject({ code: "provider", error: { message: "oops" } })
    }
  })

  test("readChatCompletions() takes no error field for the end mark", async () => {
    const stream = readChatCompletions(`${line("a", "stop")}\nerror: [DONE]\n`)
    await expect(stream.collect()).rejects.toMatchObject({ code: "provider", error: { message: "[DONE]" } })
  })

  test.each(["data", "data:", "data: "])(
    "readChatCompletions() makes no error of one that was cut at %j",
    async (cut) => {
      const onHeartbeat = vi.fn<() => void>()
      const stream = readChatCompletions(`${line("a", "stop")}\nevent: error\n${cut}`, { onHeartbeat })
      expect((await stream.collect()).choices[0]!.content).toBe("a")
      expect(await stream.ended).toMatchObject({ reason: "finished" })
      expect(onHeartbeat).not.toHaveBeenCalled()
    },
  )

  test("relay() writes an error field on as JSON", async () => {
    const text = await relay(`${line("a")}\nerror: oops\n\n`)
      .toResponse()
      .text()
    const data = text.split("\n").filter((one) => one.startsWith("data: "))
    expect(data.every((one) => one === "data: [DONE]" || JSON.parse(one.slice(6)))).toBe(true)
    expect(text).toContain("oops")
  })
})

describe("readChatCompletions() lets go", () => {
  test.each([0, -1, Number.NaN])("readChatCompletions() cancels at once where drain.bytes is %d", async (bytes) => {
    const { cancel, response } = endless(`${line("a", "stop")}\n${DONE_LINE}\n`)
    const clock = new ManualClock()
    const stream = readChatCompletions(() => response(), { clock, drain: { ms: 250, bytes } })
    await stream.collect()
    expect(cancel).toHaveBeenCalledOnce()
    expect(clock.pendingTimers).toBe(0)
  })

  test("readChatCompletions() has one outcome and no timer where a read gives no object", async () => {
    const clock = new ManualClock()
    const source = { [Symbol.asyncIterator]: () => ({ next: async () => undefined }) }
    const stream = readChatCompletions(source as never, { clock })
    await expect(stream.collect()).rejects.toThrow(TypeError)
    expect(await stream.ended).toMatchObject({ reason: "error" })
    expect(clock.pendingTimers).toBe(0)
  })

  test("readChatCompletions() frees a response whose asking has aborted it", async () => {
    const { cancel, response } = endless()
    const controller = new AbortController()
    const ask = () => {
      controller.abort(new Error("mine"))
      return response()
    }
    await expect(readChatCompletions(ask, { signal: controller.signal }).collect()).rejects.toThrow("mine")
    await vi.waitFor(() => expect(cancel).toHaveBeenCalledOnce())
  })

  test("readChatCompletions() frees a refused response that is never read", async () => {
    const { cancel, response } = endless()
    await readChatCompletions(response({ status: 500 })).cancel()
    expect(cancel).toHaveBeenCalledOnce()
  })

  test("readChatCompletions() has the total deadline on a clock below zero", async () => {
    const clock = new ManualClock()
    const early = Object.assign(Object.create(null) as object, {
      now: () => clock.now() - 1e6,
      setTimeout: (run: () => void, ms: number) => clock.setTimeout(run, ms),
      clearTimeout: (handle: unknown) => clock.clearTimeout(handle),
      random: () => 0.5,
    })
    const { response } = endless()
    const silent = new Response(new ReadableStream(), { headers: response().headers })
    const failed = readChatCompletions(silent, { clock: early, timeouts: { total: 1000 } })
      .collect()
      .catch((error: unknown) => error)
    await clock.advance(2000)
    expect(await failed).toMatchObject({ code: "timeout", phase: "total" })
  })
})
