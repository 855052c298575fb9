import { createHash } from "node:crypto"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, test } from "vitest"
import { type ChunkDialect, readChunks } from "steadystream/openai"
import { all, events, rejection } from "../reading/scripted-source.ts"

interface Message {
  readonly text: string
  readonly thinking: string
  readonly tools: readonly { readonly id: string; readonly name: string; readonly input: string }[]
  readonly stopReason: string | null
  readonly usage: unknown
}

interface Answer {
  readonly text: string
  readonly calls: readonly { readonly name: string; readonly args: object }[]
  readonly finishReason: string | null
  readonly usage: unknown
}

const root = fileURLToPath(new URL("../../../", import.meta.url))

/** The recipes of the guide as code, so that the tests run the code that readers copy. */
async function loadRecipe(file: string): Promise<Record<string, unknown>> {
  const guide = readFileSync(join(root, "docs/guides/other-json-streams.md"), "utf8")
  const recipe = guide.match(/```ts\n(.*?)```/gs)?.find((fence) => fence.includes(`// ${file}`))
  const code = recipe!.slice("```ts\n".length, -"```".length)
  const directory = join(root, ".cache/recipes")
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, file), code)
  expect(code.split("\n").length - code.split("\n").findIndex((line) => line.startsWith("export const"))).toBeLessThan(
    50,
  )
  return (await import(join(directory, file))) as Record<string, unknown>
}

const anthropic = (await loadRecipe("anthropic-messages.ts"))["anthropicMessages"] as ChunkDialect<object, Message>
const gemini = (await loadRecipe("gemini-stream.ts"))["geminiStream"] as ChunkDialect<object, Answer>

const named = (payload: { type: string }) => `event: ${payload.type}\ndata: ${JSON.stringify(payload)}\n\n`

const START = { type: "message_start", message: { content: [], stop_reason: null, usage: { input_tokens: 1 } } }
const DELTA = { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hi" } }
const STOP = { type: "message_stop" }

test("the Anthropic recipe reads text, tools and the stop reason, and ends at message_stop", async () => {
  const body = [
    START,
    { type: "ping" },
    DELTA,
    { type: "content_block_start", index: 1, content_block: { type: "tool_use", id: "t", name: "f", input: {} } },
    { type: "content_block_delta", index: 1, delta: { type: "input_json_delta", partial_json: "{" } },
    { type: "content_block_delta", index: 1, delta: { type: "input_json_delta", partial_json: "}" } },
    { type: "message_delta", delta: { stop_reason: "tool_use" }, usage: { output_tokens: 2 } },
    STOP,
  ]
  const stream = readChunks(body.map(named).join(""), anthropic)
  expect(await all(stream)).toHaveLength(7)
  expect(stream.snapshot).toMatchObject({ text: "Hi", stopReason: "tool_use", usage: { output_tokens: 2 } })
  expect(stream.snapshot.tools).toEqual([{ index: 1, id: "t", name: "f", input: "{}" }])
})

test("the Anthropic recipe distinguishes a cut stream and an error from a whole message", async () => {
  expect(await rejection(all(readChunks(named(START) + named(DELTA), anthropic)))).toMatchObject({
    missing: "message_stop",
    partial: { text: "Hi" },
  })
  const overloaded = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } }
  expect(await rejection(all(readChunks(named(START) + named(overloaded), anthropic)))).toMatchObject({
    code: "provider",
    error: { type: "overloaded_error" },
  })
})

const chunk = (parts: object[], finishReason?: string) => ({ candidates: [{ content: { parts }, finishReason }] })

test("the Gemini recipe reads text, calls and the finish reason, and distinguishes a cut stream from a whole one", async () => {
  const body = events(
    chunk([{ text: "Hmm", thought: true }]),
    chunk([{ text: "Hi" }, { functionCall: { name: "f", args: { x: 1 } } }]),
  )
  const whole = readChunks(body + events(chunk([{ text: "!" }], "STOP")), gemini)
  expect(await all(whole.textDeltas())).toEqual(["Hi", "!"])
  expect(whole.snapshot).toMatchObject({ text: "Hi!", calls: [{ name: "f", args: { x: 1 } }], finishReason: "STOP" })
  expect(await rejection(all(readChunks(body, gemini)))).toMatchObject({ missing: "finishReason" })
})

interface Recording {
  readonly file: string
  readonly api: string
  readonly expected: {
    readonly payloads: number
    readonly text_sha256: string
    readonly reasoning_length_utf16: number
    readonly finish_reason: string | null
    readonly tool_calls: readonly { id: string; name: string; arguments_sha256: string }[]
    readonly usage: unknown
  }
}

const directory = process.env["STEADYSTREAM_RECORDINGS"] ?? ""
const read = (file: string) => readFileSync(join(directory, file))
const recordings: Recording[] =
  directory === "" ? [] : (JSON.parse(read("manifest.json").toString()) as { fixtures: Recording[] }).fixtures
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex")

describe.skipIf(directory === "")("recorded streams, from the directory in STEADYSTREAM_RECORDINGS", () => {
  test.each(recordings.filter(({ api }) => api === "anthropic-messages"))(
    "the Anthropic recipe reads $file as its manifest says",
    async ({ file, expected }) => {
      const snapshot = await readChunks([read(file)], anthropic).collect()
      expect(sha256(snapshot.text)).toBe(expected.text_sha256)
      expect(snapshot.thinking).toHaveLength(expected.reasoning_length_utf16)
      expect(snapshot.stopReason).toBe(expected.finish_reason)
      expect(snapshot.tools.map(({ id, name, input }) => [id, name, sha256(input)])).toEqual(
        expected.tool_calls.map((call) => [call.id, call.name, call.arguments_sha256]),
      )
      expect(snapshot.usage).toEqual(expected.usage)
    },
  )

  test.each(recordings.filter(({ api }) => api === "gemini-generate-content"))(
    "the Gemini recipe reads $file as its manifest says",
    async ({ file, expected }) => {
      const stream = readChunks([read(file)], gemini)
      expect(await all(stream)).toHaveLength(expected.payloads)
      expect(sha256(stream.snapshot.text)).toBe(expected.text_sha256)
      expect(stream.snapshot.finishReason).toBe(expected.finish_reason)
      expect(stream.snapshot.usage).toEqual(expected.usage)
    },
  )
})
