import { describe, expect, test, vi } from "vitest"
import { readChatCompletions } from "steadystream/openai"
import { DONE, HELLO, settle } from "./scripted-source.ts"

describe("readChatCompletions() and callbacks that fail", () => {
  test("readChatCompletions() reports a rejection of onHeartbeat once", async () => {
    const onHandlerError = vi.fn<(error: unknown) => void>()
    const onHeartbeat = (): unknown => Promise.reject(new Error("from a promise"))
    await readChatCompletions(`: a\n\n: b\n\n${HELLO}${DONE}`, { onHeartbeat, onHandlerError }).collect()
    await settle()
    expect(onHandlerError.mock.calls).toEqual([[new Error("from a promise")]])
  })

  test("readChatCompletions() continues if onHandlerError throws", async () => {
    const fail = () => {
      throw new Error("no")
    }
    const report = vi.spyOn(console, "error").mockImplementation(() => {})
    const stream = readChatCompletions(`: a\n\n${HELLO}${DONE}`, { onHeartbeat: fail, onHandlerError: fail })
    expect((await stream.collect()).choices[0]!.content).toBe("Hello")
    expect(report).toHaveBeenCalledOnce()
    report.mockRestore()
  })

  test("readChatCompletions() reports to the console without reportError", async () => {
    const report = vi.spyOn(console, "error").mockImplementation(() => {})
    vi.stubGlobal("reportError", undefined)
    const onHeartbeat = () => {
      throw new Error("lost?")
    }
    await readChatCompletions(`: a\n\n${HELLO}${DONE}`, { onHeartbeat }).collect()
    vi.unstubAllGlobals()
    expect(report.mock.calls).toEqual([[new Error("lost?")]])
    report.mockRestore()
  })
})
