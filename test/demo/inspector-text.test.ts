import { readFile } from "node:fs/promises"
import { formatRecording, parseRecording, type Recording } from "steadystream/testing"
import { expect, test } from "vitest"
import { segmentsOf } from "../../demo/page/inspector/byte-text.ts"
import { shortTime } from "../../demo/page/inspector/descriptions.ts"
import { fixtureOf, fixtureWithFile } from "../../demo/page/inspector/fixture.ts"
import { namesOf, passes } from "../../demo/page/inspector/mark-filter.ts"
import { modelOf } from "../../demo/page/inspector/model.ts"
import { summaryOf } from "../../demo/page/inspector/summary.ts"

const encode = (text: string) => new TextEncoder().encode(text)
const readExample = async (): Promise<Recording> =>
  parseRecording(await readFile(new URL("../../demo/page/example.jsonl", import.meta.url), "utf8"))

/** A recording whose text has every character that a template literal escapes, and whose body does not end. */
const AWKWARD: Recording = {
  version: 1,
  entries: [
    { type: "response", at: 0, request: 4, status: 200, headers: { "content-type": "text/event-stream" } },
    { type: "chunk", at: 1, request: 4, bytes: encode("data: `${x}` \\n \\\\ $\r\n\r\ndata: 2\n\n") },
    { type: "chunk", at: 2, request: 4, bytes: new Uint8Array([0xff, 0x60]) },
  ],
}

/** Runs the code of a fixture as a module does, with tests that run at once. */
async function runFixture(code: string): Promise<string[]> {
  const titles: string[] = []
  const parts = code.replaceAll(/^import (\{.*\}) from "(.*)"$/gm, 'const $1 = await use("$2")')
  const AsyncFunction = (async () => undefined).constructor as new (
    ...parts: string[]
  ) => (use: unknown) => Promise<void>
  await new AsyncFunction("use", parts.replaceAll(": string[]", "").replaceAll("\ntest(", "\nawait test("))(
    async (name: string): Promise<unknown> => {
      if (name === "steadystream") return import("steadystream")
      if (name === "steadystream/testing") return import("steadystream/testing")
      const runNow = async (title: string, run: () => Promise<void>) => {
        await run()
        titles.push(title)
      }
      return { expect, test: runNow }
    },
  )
  return titles
}

test("fixtureOf returns a test for each response with events, and they hold the recording and pass", async () => {
  for (const [recording, responses] of [
    [await readExample(), [0, 3]],
    [AWKWARD, [4]],
  ] as const) {
    const code = fixtureOf(recording, modelOf(recording))
    expect(await runFixture(code)).toEqual(responses.map((one) => `the client reads the recorded response ${one}`))
    const [literal] = /`[^]*`/.exec(code)!
    // oxlint-disable-next-line typescript/no-implied-eval -- the code is the test's own
    expect(new Function(`return ${literal}`)()).toBe(formatRecording(recording))
  }
})

test("fixtureOf returns a test of the status if the recording has no event", async () => {
  const entries = (await readExample()).entries.filter((entry) => "request" in entry && entry.request === 2)
  const recording: Recording = { version: 1, entries }
  const code = fixtureOf(recording, modelOf(recording))
  expect(code).toContain("expect(response.status).toBe(503)")
  expect(await runFixture(code)).toHaveLength(1)
})

test("fixtureOf returns a test of the status if a stream was refused with an event", async () => {
  const entries = AWKWARD.entries.map((entry) => (entry.type === "response" ? { ...entry, status: 429 } : entry))
  const recording: Recording = { version: 1, entries }
  const code = fixtureOf(recording, modelOf(recording))
  expect(code).toContain("expect(response.status).toBe(429)")
  expect(await runFixture(code)).toHaveLength(1)
})

test("fixtureWithFile returns a test that reads the file", async () => {
  const code = fixtureWithFile("recording.jsonl", modelOf(await readExample()))
  expect(code).toContain('parseRecording(await readFile("recording.jsonl", "utf8"))')
  expect(code).toContain(String.raw`expect(data.at(-1)).toBe("{\"tick\":6}")`)
  expect(fixtureWithFile("x", modelOf({ version: 1, entries: [] }))).not.toContain("test(")
})

test("segmentsOf shows line ends by their names, and bytes that are no text in hexadecimal", () => {
  const show = (bytes: Uint8Array) => segmentsOf(bytes).map(({ kind, text }) => [kind, text])
  expect(show(encode("a€\r\nb\r\uFEFF"))).toEqual([
    ["text", "a€"],
    ["mark", String.raw`\r\n`],
    ["text", "\n"],
    ["text", "b"],
    ["mark", String.raw`\r`],
    ["text", "\n"],
    ["mark", "BOM"],
  ])
  expect(show(encode("a€b").subarray(0, 3))).toEqual([
    ["text", "a"],
    ["hex", String.raw`\xe2`],
    ["hex", String.raw`\x82`],
  ])
  expect(show(new Uint8Array([0xff, 0xe2, 0x82, 0xac]))).toEqual([
    ["hex", String.raw`\xff`],
    ["text", "€"],
  ])
})

test("passes filters by name, by text in any case, and by errors", async () => {
  const { marks } = modelOf(await readExample())
  const all = { name: "", text: "", onlyErrors: false }
  const shown = (filter: Partial<typeof all>) => marks.filter((mark) => passes({ ...all, ...filter }, mark))
  expect(shown({})).toHaveLength(marks.length)
  expect(shown({ name: "tick" })).toHaveLength(8)
  expect(shown({ text: 'TICK":7' }).map(({ text }) => text)).toEqual(['{"tick":7}'])
  expect(shown({ onlyErrors: true }).map(({ name }) => name)).toEqual([
    "error",
    "retry",
    "error",
    "retry",
    "head",
    "body",
    "retry",
  ])
  expect(namesOf(marks).slice(0, 3)).toEqual(["control", "tick", "body"])
  expect(namesOf(marks)).not.toContain("chunk")
})

test("the example of the inspector is a whole run with four requests", async () => {
  const recording = await readExample()
  expect(summaryOf(modelOf(recording))).toBe("4 requests, 10 chunks, 8 events, 9.99 s")
  expect(summaryOf(modelOf({ version: 1, entries: [] }))).toBe("0 requests, 0 chunks, 0 events, 0 ms")
  expect(modelOf(recording).lanes.map(({ status, outcome }) => [status, outcome])).toEqual([
    [200, "error"],
    [undefined, "error"],
    [503, "end"],
    [200, "cancel"],
  ])
})

test("shortTime rounds to the unit that it shows", () => {
  expect([0.04, 9.26, 999.4, 999.6, 1234].map(shortTime)).toEqual(["0 ms", "9.3 ms", "999 ms", "1 s", "1.23 s"])
})
