import { describe, expect, test, vi } from "vitest"
import { readChatCompletions, readChunks } from "steadystream/openai"
import { HELLO, settle } from "./scripted-source.ts"

describe("readChunks() and invalid sources", () => {
  const dialect = { name: "things", accumulate: () => ({ value: null, push: () => {}, missing: () => null }) }

  test("readChunks() fails if a reader throws instead of rejecting", async () => {
    const broken = {
      getReader: () => ({
        read: () => {
          throw new Error("not a stream")
        },
        cancel: async () => {},
      }),
    }
    const stream = readChunks(broken as unknown as ReadableStream<Uint8Array>, dialect)
    await expect(stream.collect()).rejects.toThrow("connection broke")
    expect((await stream.ended).reason).toBe("error")
  })

  test.each([5, null, undefined, {}])("readChunks() fails if an iterable returns %j", async (piece) => {
    const stream = readChunks([piece] as unknown as string[], dialect)
    await expect(stream.collect()).rejects.toThrow(TypeError)
    expect(await stream.ended).toMatchObject({ reason: "error", chunks: 0 })
  })
})

describe("readChatCompletions() and late responses", () => {
  test("readChatCompletions() cancels the response of a promise if it is cancelled before the first read", async () => {
    let cancelled = 0
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({ cancel: () => void cancelled++ })
    const response = new Promise<Response>((resolve) => setTimeout(() => resolve(new Response(body)), 0))
    await readChatCompletions(response).cancel()
    await settle()
    expect(cancelled).toBe(1)
  })

  test("readChatCompletions() sends no request if it is cancelled before the first read", async () => {
    const ask = vi.fn<() => Promise<Response>>()
    await readChatCompletions(ask).cancel()
    await settle()
    expect(ask).not.toHaveBeenCalled()
  })

  test("readChatCompletions() rejects with a TypeError if a function returns a used response", async () => {
    const response = new Response(HELLO)
    await response.text()
    await expect(readChatCompletions(() => response).collect()).rejects.toThrow(TypeError)
  })
})
