import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { runInNewContext } from "node:vm"
import { build } from "esbuild"
import { describe, expect, test } from "vitest"

const run = promisify(execFile)
const root = fileURLToPath(new URL("../..", import.meta.url))
const manifest = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as {
  exports: Record<string, unknown>
  sideEffects: readonly string[]
  dependencies?: unknown
}
// vitest can be imported only by its own runner.
const entries = Object.keys(manifest.exports)
  .filter((path) => path !== "./package.json" && path !== "./testing/vitest")
  .map((path) => path.replace(/^\./, "steadystream"))

/** Runs a module in a realm that has only the language: no streams, events, fetch, timers or codecs. */
async function evaluateBare(contents: string): Promise<unknown> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    write: false,
    format: "iife",
    globalName: "result",
    platform: "neutral",
    target: "es2022",
    logLevel: "silent",
  })
  return runInNewContext(`${outputFiles[0]!.text}; result.default`)
}

async function evaluate(code: string): Promise<string> {
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", code], { cwd: root })
  return stdout.trim()
}

// The class EventSource extends the EventTarget of its realm.
test.each(entries.filter((entry) => entry !== "steadystream/eventsource"))(
  "%s can be imported if streams, events, fetch and timers are missing",
  async (entry) => {
    expect(await evaluateBare(`import * as entry from ${JSON.stringify(entry)}; export default typeof entry`)).toBe(
      "object",
    )
  },
)

describe.each(entries)("%s as built", (entry) => {
  test(`${entry} changes no global, starts nothing and touches no clock when it is imported`, async () => {
    const output = await evaluate(`
      const before = Object.getOwnPropertyNames(globalThis).join()
      for (const name of ["setTimeout", "setInterval", "queueMicrotask", "fetch"]) {
        globalThis[name] = () => { throw new Error("called " + name) }
      }
      Math.random = Date.now = performance.now = () => { throw new Error("called a clock") }
      const resources = process.getActiveResourcesInfo().length
      await import(${JSON.stringify(entry)})
      console.log(before === Object.getOwnPropertyNames(globalThis).join(), process.getActiveResourcesInfo().length <= resources)
    `)
    expect(output).toBe("true true")
  })
})

test("steadystream parses and encodes text in a realm that has only the language", async () => {
  const output = await evaluateBare(`
    import { SseParser, readEvents, encodeEvent } from "steadystream"
    const events = []
    new SseParser({ onEvent: (event) => events.push(event.data) }).feed(encodeEvent({ data: "parsed" }))
    export default (async () => {
      for await (const event of readEvents(["data: re", "ad\\n\\n"])) events.push(event.data)
      return events.join()
    })()
  `)
  expect(await output).toBe("parsed,read")
})

test("steadystream has no runtime dependency, no install script, and only the matcher's entry has a side effect", () => {
  expect(manifest.dependencies).toBeUndefined()
  expect(manifest.sideEffects).toEqual(["./dist/testing-vitest.js"])
  const { scripts } = manifest as unknown as { scripts: Record<string, string> }
  expect(Object.keys(scripts).filter((name) => /^(pre|post)?(install|prepare|publish)/.test(name))).toEqual([])
})
