import { describe, expect, test } from "vitest"
import { runProgram } from "../support/program.ts"

describe("subscribe() and the memory of chunks", () => {
  test.each([
    ["chunks of text", "{}", ""],
    ["chunks of text and dedupe", "{ dedupe: true }", ""],
    ["chunks of bytes", "{}", "new TextEncoder().encode"],
  ])("subscribe() keeps no chunks behind remembered ids with %s", async (_, options, encode) => {
    const { code, output } = await runProgram(
      `import { subscribe } from "steadystream/client"
      const padding = ":" + "x".repeat(256_000) + "\\n\\n"
      async function* chunks() {
        for (let at = 0; at < 1_100; at++) yield ${encode.replace("new TextEncoder()", "(new TextEncoder())")}(padding + "id: " + String(at).padStart(100, "0") + "\\ndata: a\\n\\n")
        await new Promise(() => {})
      }
      gc()
      const before = process.memoryUsage().heapUsed
      const iterator = subscribe(chunks, ${options})[Symbol.asyncIterator]()
      for (let count = 0; count < 1_100; count++) await iterator.next()
      void iterator.next()
      gc(); await new Promise((resolve) => setTimeout(resolve, 10)); gc()
      const kept = (process.memoryUsage().heapUsed - before) / 1024 / 1024
      console.log(kept < 16 ? "bounded" : "kept " + Math.round(kept) + " MB")
      process.exit(0)`,
      ["--expose-gc"],
    )
    expect([code, output]).toEqual([0, "bounded"])
  })

  test.each([
    ["text", ""],
    ["bytes", "(new TextEncoder()).encode"],
  ])("subscribe() keeps no chunks of %s behind the events that wait", async (_, encode) => {
    const { code, output } = await runProgram(
      `import { subscribe } from "steadystream/client"
      const padding = ":" + "x".repeat(256_000) + "\\n\\n"
      async function* chunks() {
        for (let at = 0; at < 1_000; at++) yield ${encode}(padding + "data: " + String(at).padStart(100, "0") + "\\n\\n")
        await new Promise(() => {})
      }
      gc()
      const before = process.memoryUsage().heapUsed
      const iterator = subscribe(chunks)[Symbol.asyncIterator]()
      await iterator.next()
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      gc(); await new Promise((resolve) => setTimeout(resolve, 10)); gc()
      const kept = (process.memoryUsage().heapUsed - before) / 1024 / 1024
      console.log(kept < 24 ? "bounded" : "kept " + Math.round(kept) + " MB")
      process.exit(0)`,
      ["--expose-gc"],
    )
    expect([code, output]).toEqual([0, "bounded"])
  })
})
