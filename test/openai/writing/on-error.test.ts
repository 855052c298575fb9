import { afterAll, afterEach, describe, expect, test, vi } from "vitest"
import { chunkResponse, encodeChunks } from "steadystream/openai"
import { ManualSource, nextText, settle, textOf } from "./stream-reading.ts"

describe("encodeChunks() and an invalid onError", () => {
  const report = vi.spyOn(console, "error").mockImplementation(() => {})
  afterEach(() => void report.mockClear())
  afterAll(() => report.mockRestore())

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
  ])("encodeChunks() sends a general error if onError returns what JSON cannot represent", async (shown) => {
    const text = await textOf(encodeChunks(failing(), { onError: () => shown as unknown as { message: string } }))
    expect(text).toContain('"code":"internal_error"')
    expect(text).not.toMatch(/secret|DONE/)
    expect(report).toHaveBeenCalledOnce()
  })

  test("encodeChunks() stops its source if onError returns what JSON cannot represent", async () => {
    const source = new ManualSource<object>()
    const reader = encodeChunks(source, { keepAlive: 0, onError: () => ({ message: 1n }) as never }).getReader()
    const read = nextText(reader)
    await settle()
    source.send({ bad: 1n })
    expect(await read).toContain("internal_error")
    expect(source.returned).toBe(1)
    expect(report).toHaveBeenCalledOnce()
  })

  test("encodeChunks() sends a general error if onError is async, and reports its rejection", async () => {
    const onError = async () => {
      throw new Error("logger down")
    }
    const text = await textOf(encodeChunks(failing(), { onError: onError as unknown as () => undefined }))
    await settle()
    expect(text).toContain('"code":"internal_error"')
    expect(report.mock.calls).toEqual([[new Error("logger down")]])
  })

  test.each([undefined, null, 1n, () => {}, Symbol("x"), "text", ["x"], Buffer.from("x"), new Uint8Array(1)])(
    "encodeChunks() ends with an error event if the source yields %s",
    async (item) => {
      const text = await textOf(encodeChunks([item] as unknown as object[]))
      expect(text).toMatch(/^data: \{"error":.*\}\n\n$/)
    },
  )

  test("encodeChunks() allows no item of the source to write lines of its own", async () => {
    const unsafe = "x\n\ndata: [DONE]\n\n"
    const text = await textOf(encodeChunks([{ a: unsafe }]))
    expect(text.match(/^data: \[DONE\]$/gm)).toHaveLength(1)
    const responses = await textOf(encodeChunks([{ type: unsafe }], { dialect: "responses" }))
    expect(responses).not.toMatch(/^data: \[DONE\]$/m)
  })

  test("chunkResponse() does not start the source if its status is not valid", () => {
    const source = new ReadableStream<object>()
    expect(() => chunkResponse(source, { status: 99 })).toThrow(RangeError)
    expect(source.locked).toBe(false)
  })
})
