import { readChatCompletions } from "steadystream/openai"
import { describe, expect, test } from "vitest"
import { runProgram } from "../../support/program.ts"
import { chat, cpuTime, events, rejection } from "../../support/streams.ts"

describe("failures that a provider can cause", () => {
  const many = (count: number) => `
    import { relay, readResponses } from "steadystream/openai"
    const event = (json) => "data: " + JSON.stringify(json) + "\\n\\n"
    const failure = event({ type: "error", code: "server_error", message: "broken" })
    const delta = event({ type: "response.output_text.delta", output_index: 0, delta: "x" })
    const body = event({ type: "response.created", response: { id: "r" } }) + failure + delta.repeat(${count})`
  test.each([1, 1_000])("relay() ends after an error with 130,000 events behind it, in %i piece(s)", async (pieces) => {
    const { code, output, errors } = await runProgram(`${many(130_000)}
      const size = Math.ceil(body.length / ${pieces})
      const cut = Array.from({ length: ${pieces} }, (_, at) => body.slice(at * size, (at + 1) * size))
      const answer = relay(cut, { dialect: "responses", onError: () => {} })
      let length = 0
      for await (const chunk of answer.toReadableStream()) length += chunk.length
      const { reason, error } = await answer.ended
      console.log(reason, error?.name)`)
    expect([code, output, errors]).toEqual([0, "error SseProviderError", ""])
  })
  test.each(["relay", "readResponses"])("%s() does not block the event loop after an error", async (name) => {
    const use =
      name === "relay"
        ? `for await (const chunk of relay(body, { dialect: "responses", onError: () => {} }).toReadableStream());`
        : `for await (const chunk of readResponses(body));`
    const { code, output } = await runProgram(`${many(100_000)}
      // In its own time, because another process may use the processor.
      const now = () => process.cpuUsage().user / 1_000
      let longest = 0, last = now()
      const timer = setInterval(() => { longest = Math.max(longest, now() - last); last = now() }, 1)
      await new Promise((resolve) => setTimeout(resolve, 5))
      try { ${use} } catch {}
      await new Promise((resolve) => setTimeout(resolve, 5))
      clearInterval(timer)
      console.log(longest < 1500 ? "quick" : "blocked for " + Math.round(longest) + " ms")`)
    expect([code, output]).toEqual([0, "quick"])
  })
  test("relay() ends after deeply nested JSON in response.created and a cut", async () => {
    const { code, output, errors } = await runProgram(`
      import { relay } from "steadystream/openai"
      const nested = "[".repeat(20_000) + "]".repeat(20_000)
      const body = 'data: {"type":"response.created","response":{"id":"r","output":' + nested + '}}\\n\\n'
      const answer = relay(body, { dialect: "responses", onError: () => {} })
      const text = await new Response(answer.toReadableStream()).text()
      console.log((await answer.ended).error?.name, /event: (error|response\\.failed)/.test(text))`)
    expect([code, output, errors]).toEqual([0, "SseTruncatedError true", ""])
  })
  test.each(["readChatCompletions", "readResponses"])(
    "%s() reads 40,000 events of two payloads in linear time",
    async (name) => {
      const { code, output } = await runProgram(`
      import { ${name} } from "steadystream/openai"
      const chunk = '{"type":"response.output_text.delta","output_index":0,"delta":"x","choices":[{"index":0,"delta":{"content":"x"}}]}'
      const body = ("data: " + chunk + "\\ndata: " + chunk + "\\n\\n").repeat(40_000)
      let count = 0
      try { for await (const _ of ${name}(body, { completion: "lenient" })) count++ } catch (error) { console.log(error.name) }
      console.log(count)`)
      expect(code).toBe(0)
      expect(output).toBe(name === "readChatCompletions" ? "80000" : "80000")
    },
  )
  test.each(['{"error":1,\n', "error: x\n", '{"choices":[\n', "x\n", 'data {"a":1}\n'])(
    "readChatCompletions() spends little time on lines in no field such as %j",
    async (line) => {
      const lines = line.repeat(Math.ceil((1.5 * 1024 * 1024) / line.length))
      for (const start of ["", events(chat({ content: "Hel" }))]) {
        const spent = await cpuTime(() => rejection(readChatCompletions(start + lines).collect()))
        expect(spent).toBeLessThan(800)
      }
    },
  )
})
