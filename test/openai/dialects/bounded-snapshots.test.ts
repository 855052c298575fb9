import { describe, expect, test } from "vitest"
import { readResponses } from "steadystream/openai"
import { runProgram } from "../../support/program.ts"
import { all, events } from "../../support/streams.ts"

describe("what a snapshot keeps", () => {
  /** Reads events made by `make` and prints what the snapshot holds then, in megabytes. */
  const heldBy = async (reader: string, make: string, times: number): Promise<number> => {
    const { output, errors } = await runProgram(
      `import { ${reader} } from "steadystream/openai"
      const used = () => { gc(); gc(); return process.memoryUsage().heapUsed }
      const list = (length, item) => Array.from({ length }, (_, at) => item(at))
      const named = (length, start, value) => Object.fromEntries(list(length, (at) => [start + "_" + at, value]))
      const make = ${make}
      async function* body() {
        for (let at = 0; at < ${times}; at++) yield "data: " + JSON.stringify(make(at)) + "\\n\\n"
      }
      const before = used()
      const stream = ${reader}(body(), { completion: "lenient", limits: { maxTotalSize: Infinity } })
      for await (const chunk of stream);
      const held = used() - before
      console.log(held / 1024 / 1024, Object.keys(stream.snapshot).length)`,
      ["--expose-gc"],
    )
    expect(errors).toBe("")
    return Number.parseFloat(output)
  }
  const choice = (delta: string) => `(at) => ({ choices: [{ index: 0, delta: ${delta} }] })`
  const call = (extra: string) => choice(`{ tool_calls: [{ index: at % 1000, ...${extra} }] }`)

  test.each([
    ["a list of objects in a tool call", call("{ x: list(500, () => ({})) }")],
    ["new names with objects in tool calls", call("named(100, at, {})")],
    ["new names with lists in tool calls", call("named(300, at, [])")],
    ["new names with lists in a choice", choice("named(300, at, [])")],
    ["new names in an object in a choice", choice("({ x: [named(300, at, {})] })")],
    ["new names with objects in a chunk", "(at) => ({ choices: [], ...named(100, at, {}) })"],
  ])("readChatCompletions() keeps about 16 MB of %s", async (_, make) => {
    expect(await heldBy("readChatCompletions", make, 2_500)).toBeLessThan(make.includes("[named") ? 24 : 20)
  })

  test.each([
    [
      "full items",
      '(at) => ({ type: "response.output_item.done", output_index: at, item: { x: list(400_000, () => ({})) } })',
    ],
    [
      "annotations",
      '() => ({ type: "response.output_text.annotation.added", output_index: 0, annotation: { x: list(200_000, () => ({})) } })',
    ],
  ])("readResponses() keeps about 128 MB of %s", async (_, make) => {
    expect(await heldBy("readResponses", make, 12)).toBeLessThan(150)
  })

  test("readResponses() keeps no full response, usage or item that is too large, and ends all the same", async () => {
    const large = `[${"{},".repeat(2_200_000)}{}]`
    const body =
      events({ type: "response.output_text.delta", output_index: 0, delta: "Hi" }) +
      `data: {"type":"response.output_item.done","output_index":0,"item":{"type":"message","x":${large}}}\n\n` +
      `data: {"type":"response.completed","response":{"status":"completed","usage":{"x":${large}}}}\n\n`
    const stream = readResponses(body)
    await all(stream)
    const { text, status, items, usage, final } = stream.snapshot
    expect([text, status, items[0]!.type, items[0]!.item, usage, final]).toEqual([
      "Hi",
      "completed",
      "message",
      null,
      null,
      null,
    ])
    expect((await stream.ended).reason).toBe("terminal")
  })
})
