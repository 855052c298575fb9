import { describe, expect, test, vi } from "vitest"
import { readEvents, type SseResponseError } from "steadystream"

const headers = { "content-type": "text/event-stream" }

const DONE = { done: true, value: undefined }

const utf8 = (text: string) => new TextEncoder().encode(text)

function refusal(response: Response): Promise<SseResponseError> {
  return readEvents(response)
    .next()
    .then(
      () => expect.unreachable(),
      (error: unknown) => error as SseResponseError,
    )
}

/** A body of the pieces that counts how many were requested. */
function bodyOf(...pieces: Uint8Array[]) {
  let asked = 0
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const piece = pieces[asked++]
        if (piece === undefined) controller.close()
        else controller.enqueue(piece)
      },
    },
    { highWaterMark: 0 },
  )
  return { body, asked: () => asked }
}

describe("readEvents() and refused responses", () => {
  test.each(["xtext/event-stream", "text/event-streamx", "a text/event-stream", "text/html; text/event-stream", ""])(
    "readEvents() rejects the type %j",
    async (type) => {
      const error = await refusal(new Response("no", { headers: { "content-type": type } }))
      expect(error.code).toBe("content-type")
    },
  )

  test("readEvents() writes at most 100 characters of a rejected type into its message", async () => {
    const error = await refusal(new Response("no", { headers: { "content-type": "x".repeat(200) } }))
    expect(error.message).toContain(`not "${"x".repeat(100)}"`)
  })

  test("readEvents() decodes the start of a refused body across its pieces and at its cut end", async () => {
    const bytes = utf8("é漢é")
    const { body } = bodyOf(bytes.subarray(0, 1), bytes.subarray(1, 4), bytes.subarray(4, 6))
    expect((await refusal(new Response(body, { status: 500 }))).body).toBe("é漢\uFFFD")
  })

  test("readEvents() reads no more of a refused body than it keeps", async () => {
    const { body, asked } = bodyOf(new Uint8Array(16_384).fill(0x61), utf8("more"))
    expect((await refusal(new Response(body, { status: 500 }))).body).toHaveLength(16_384)
    expect(asked()).toBe(1)
  })

  test("readEvents() keeps the start of a refused body that breaks", async () => {
    let pulls = 0
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => (pulls++ === 0 ? controller.enqueue(utf8("start")) : controller.error(new Error("x"))),
    })
    expect((await refusal(new Response(body, { status: 500 }))).body).toBe("start")
  })
})

describe("readEvents() and responses of other platforms", () => {
  const responseLike = (members: object) =>
    ({ status: 200, ok: true, headers: new Headers(headers), ...members }) as unknown as Response

  test("readEvents() throws a TypeError at once for a used body that is not locked", () => {
    const response = responseLike({ bodyUsed: true, body: new ReadableStream() })
    expect(() => readEvents(response)).toThrow("must not be locked or used")
  })

  test("readEvents() cancels the body of a 204, which has no events", async () => {
    const cancel = vi.fn<() => void>()
    const body = new ReadableStream({ cancel })
    expect(await readEvents(responseLike({ status: 204, body })).next()).toEqual(DONE)
    expect(cancel).toHaveBeenCalledTimes(1)
  })

  test("readEvents() escapes control characters of a rejected type in its message", async () => {
    const response = new Response("x", { headers: { "content-type": 'a"\u001B[31m' } })
    await expect(readEvents(response).next()).rejects.toThrow(String.raw`not "a\"\u001b[31m"`)
  })

  test.each(["AbortError", "TimeoutError"])(
    "readEvents() rethrows the %s of the fetch that returned the response",
    async (name) => {
      const failure = new DOMException("over", name)
      const body = new ReadableStream({ start: (controller) => controller.error(failure) })
      await expect(readEvents(responseLike({ body })).next()).rejects.toBe(failure)
    },
  )
})
