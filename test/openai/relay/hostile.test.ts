import { describe, expect, test, vi } from "vitest"
import { chunkResponse, encodeChunks, relay } from "steadystream/openai"
import { CHUNK, END, FINISH, ManualProvider, relayed } from "./manual-provider.ts"
import { ManualSource, nextText, settle, textOf } from "../writing/stream-reading.ts"

describe("relay() and a server that has second thoughts", () => {
  test("relay().cancel() after the end changes nothing, whoever calls it", async () => {
    const answer = relay(CHUNK + FINISH + END)
    void answer.ended.then(() => answer.cancel())
    expect(await textOf(answer.toReadableStream())).toBe(CHUNK + FINISH + END)
    expect((await answer.ended).reason).toBe("done")
  })

  test("relay().cancel() in onChunk tells the browser, and aborts the provider's request", async () => {
    const provider = new ManualProvider()
    const answer = relay(provider.ask, { keepAlive: 0, onChunk: () => void answer.cancel() })
    const text = textOf(answer.toReadableStream())
    await settle()
    provider.give(CHUNK + CHUNK)
    const written = await text
    expect(written.startsWith(CHUNK)).toBe(true)
    expect(written.split("\n\n")).toHaveLength(3)
    expect(written).toContain('"code":"cancelled"')
    expect([provider.signal!.aborted, provider.cancelled]).toEqual([true, true])
  })

  test("relay() reports what a promise of onChunk rejects with, once, and goes on", async () => {
    const onHandlerError = vi.fn<(error: unknown) => void>()
    const onChunk = (): unknown => Promise.reject(new Error("disk full"))
    expect(await relayed(CHUNK + FINISH + END, { onChunk, onHandlerError })).toBe(CHUNK + FINISH + END)
    await settle()
    expect(onHandlerError.mock.calls).toEqual([[new Error("disk full")]])
  })

  test("relay() takes CRLF, CR, a BOM, comments, id lines and glued payloads, and writes none of them on", async () => {
    const glued = `${CHUNK.trimEnd()}\n${FINISH}`
    for (const end of ["\n", "\r\n", "\r"]) {
      const text = `\uFEFF: hi\n\nid: 1\nretry: 1\n${glued}id: 2\n\n${END}`.replaceAll("\n", end)
      expect(await relayed(text)).toBe(CHUNK + FINISH + END)
    }
  })

  test("relay() asks for nothing where the browser is gone before the start", async () => {
    const ask = vi.fn<() => Promise<Response>>()
    const answer = relay(ask)
    await answer.toReadableStream().cancel("gone")
    await settle()
    expect(ask).not.toHaveBeenCalled()
    expect((await answer.ended).reason).toBe("cancelled")
  })

  test("relay() writes nothing of a failure but its code, whatever the provider's body says", async () => {
    const secret = { error: { message: "key sk-secret is wrong" } }
    const ask = async () => new Response(JSON.stringify(secret), { status: 401 })
    const text = await textOf(relay(ask).toReadableStream())
    expect(text).toContain('"code":"response"')
    expect(text).not.toContain("secret")
  })
})

describe("encodeChunks() and an onError that misbehaves", () => {
  const broken = new Error("secret")
  async function* failing() {
    yield { choices: [] }
    throw broken
  }

  test.each([
    { message: 1n },
    {
      code: {
        toJSON: () => {
          throw new Error("no")
        },
      },
    },
  ])("encodeChunks() tells nothing where onError gives what JSON cannot hold", async (told) => {
    const text = await textOf(encodeChunks(failing(), { onError: () => told as unknown as { message: string } }))
    expect(text).toContain('"code":"internal_error"')
    expect(text).not.toMatch(/secret|DONE/)
  })

  test("encodeChunks() stops its source where onError gives what JSON cannot hold", async () => {
    const source = new ManualSource<object>()
    const reader = encodeChunks(source, { keepAlive: 0, onError: () => ({ message: 1n }) as never }).getReader()
    const read = nextText(reader)
    await settle()
    source.give({ bad: 1n })
    expect(await read).toContain("internal_error")
    expect(source.returned).toBe(1)
  })

  test("encodeChunks() tells nothing where onError is async, and reports what it rejects with", async () => {
    const report = vi.spyOn(console, "error").mockImplementation(() => {})
    const onError = async () => {
      throw new Error("logger down")
    }
    const text = await textOf(encodeChunks(failing(), { onError: onError as unknown as () => undefined }))
    await settle()
    expect(text).toContain('"code":"internal_error"')
    expect(report.mock.calls).toEqual([[new Error("logger down")]])
    report.mockRestore()
  })

  test.each([undefined, null, 1n, () => {}, Symbol("x")])(
    "encodeChunks() ends with an error event where the source gives %s",
    async (item) => {
      const text = await textOf(encodeChunks([item] as unknown as object[]))
      expect(text).toMatch(/^data: \{"error":.*\}\n\n$/)
    },
  )

  test("encodeChunks() never lets an item of the source write lines of its own", async () => {
    const hostile = "x\n\ndata: [DONE]\n\n"
    const text = await textOf(encodeChunks([hostile, { a: hostile }] as unknown as object[]))
    expect(text.match(/^data: \[DONE\]$/gm)).toHaveLength(1)
    const responses = await textOf(encodeChunks([{ type: hostile }], { dialect: "responses" }))
    expect(responses).not.toMatch(/^data: \[DONE\]$/m)
  })

  test("chunkResponse() leaves the source alone where its status is none", () => {
    const source = new ReadableStream<object>()
    expect(() => chunkResponse(source, { status: 99 })).toThrow(RangeError)
    expect(source.locked).toBe(false)
  })
})
