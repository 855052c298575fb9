import { expect, test, vi } from "vitest"

test("steadystream/openai can be imported and used without the platform's streams", async () => {
  for (const name of ["ReadableStream", "Response", "AbortController", "fetch"]) vi.stubGlobal(name, undefined)
  try {
    const { readChatCompletions } = await import("steadystream/openai")
    const stream = readChatCompletions('data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\ndata: [DONE]\n\n')
    expect((await stream.collect()).choices[0]?.content).toBe("Hi")
  } finally {
    vi.unstubAllGlobals()
  }
})
