import { describe, expect, test } from "vitest"
import { runProgram } from "../support/program.ts"

describe("hooks that reject", () => {
  const stream = ": hi\n\nretry: 5\nid: 1\nodd\ndata: {\n\nevent: odd\ndata: {}\n\n"
  test.each([
    ["onComment", "{ onComment: fail }"],
    ["onRetry", "{ onRetry: fail }"],
    ["onId", "{ onId: fail }"],
    ["onUnknownLine", "{ onUnknownLine: fail }"],
    ["unknown of a contract", "{ events: defineEvents({ message: text() }, { unknown: fail }) }"],
    ["invalid of a contract", "{ events: defineEvents({ message: type(), odd: type() }, { invalid: fail }) }"],
  ])("readEvents() reports what an async %s rejects with, and goes on", async (_, options) => {
    const { code, output, errors } = await runProgram(`
      import { defineEvents, readEvents, text, type } from "steadystream"
      const fail = async () => { throw new Error("broken") }
      let count = 0
      for await (const event of readEvents(${JSON.stringify(stream)}, ${options})) count++
      await new Promise((resolve) => setTimeout(resolve, 20))
      console.log("alive")`)
    expect([code, output]).toEqual([0, "alive"])
    expect(errors.match(/Error: broken/g)).toHaveLength(1)
  })
})
