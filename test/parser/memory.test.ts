import { describe, expect, test } from "vitest"
import { runProgram } from "../support/program.ts"

describe("memory", () => {
  test.each(["data\n", "data:\n", "data:a\n", "data: ab\n", "data:\u20ac\n", "id\n", "event: a\n"])(
    "SseParser holds at most 4 times its limit for an endless event of the line %j",
    async (line) => {
      const { code, output } = await runProgram(
        `import { SseParser } from "steadystream"
        const max = 4 * 1024 * 1024
        const parser = new SseParser({ onEvent() {}, maxEventSize: max })
        const chunk = new TextEncoder().encode(${JSON.stringify(line)}.repeat(20_000))
        const used = () => { gc(); const { heapUsed, external } = process.memoryUsage(); return heapUsed + external }
        const before = used()
        let most = 0
        try {
          for (let fed = 0; fed < 300; fed++) {
            parser.feed(chunk)
            if (fed % 25 === 0) most = Math.max(most, used() - before)
          }
        } catch (error) { if (error.name !== "SseLimitError") throw error }
        most = Math.max(most, used() - before)
        console.log(most <= 4 * max ? "bounded" : "held " + Math.round(most / 1024 / 1024) + " MB")`,
        ["--expose-gc"],
      )
      expect([code, output]).toEqual([0, "bounded"])
    },
  )

  test.each(["data:", ":", "x"])(
    "SseParser holds at most twice its limit for a line %j that never ends and comes in single characters",
    async (start) => {
      const { code, output } = await runProgram(
        `import { SseParser } from "steadystream"
        const max = 2 * 1024 * 1024
        const parser = new SseParser({ onEvent() {}, onComment() {}, onUnknownLine() {}, maxLineLength: max })
        const used = () => { gc(); const { heapUsed, external } = process.memoryUsage(); return heapUsed + external }
        for (const piece of ${JSON.stringify(start)}) parser.feed(piece)
        const before = used()
        let most = 0
        try {
          for (let fed = 0; ; fed++) {
            parser.feed("a")
            if (fed % 30_011 === 0) most = Math.max(most, used() - before)
          }
        } catch (error) { if (error.name !== "SseLimitError") throw error }
        console.log(most <= 2 * max ? "bounded" : "held " + Math.round(most / 1024 / 1024) + " MB")`,
        ["--expose-gc"],
      )
      expect([code, output]).toEqual([0, "bounded"])
    },
  )

  // The small young generation leaves out the memory that the engine takes for garbage.
  test.each(["data\n", "data:a\n", "data:\u20ac\n"])(
    "readEvents() makes the process at most 4 times the limit larger for an endless event of the line %j",
    async (line) => {
      const { code, output } = await runProgram(
        `import { readEvents } from "steadystream"
        const max = 16 * 1024 * 1024
        const chunk = new TextEncoder().encode(${JSON.stringify(line)}.repeat(9_000))
        const small = async () => { try { for await (const event of readEvents(endless(), { maxEventSize: 100_000 })); } catch {} }
        async function* endless() { for (;;) yield chunk }
        await small()
        const before = process.resourceUsage().maxRSS * 1024
        let name
        try { for await (const event of readEvents(endless())); } catch (error) { name = error.name }
        const grown = process.resourceUsage().maxRSS * 1024 - before
        console.log(name, grown <= 4 * max ? "bounded" : "grew by " + Math.round(grown / 1024 / 1024) + " MB")`,
        ["--max-semi-space-size=2"],
      )
      expect([code, output]).toEqual([0, "SseLimitError bounded"])
    },
  )
})
