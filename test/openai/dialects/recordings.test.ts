import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { SseProviderError } from "steadystream"
import {
  readChatCompletions,
  readCompletions,
  readResponses,
  type ChatSnapshot,
  type ChunkStream,
  type CompletionSnapshot,
  type ResponseSnapshot,
} from "steadystream/openai"
import { all } from "../reading/scripted-source.ts"

interface Expected {
  readonly payloads: number
  readonly text_sha256: string
  readonly reasoning_length_utf16: number
  readonly refusal_length_utf16: number
  readonly finish_reason: string | null
  readonly tool_calls: readonly { id: string; name: string; arguments_sha256: string }[]
  readonly usage: unknown
  readonly error: { readonly code: string } | null
}

interface Recording {
  readonly file: string
  readonly api: string
  readonly expected: Expected
}

/** The members that every dialect's snapshot shares with a manifest. */
interface Digest {
  readonly text: string
  readonly reasoning: string
  readonly refusal: string
  readonly finish: string | null
  readonly calls: readonly { id: string | null; name: string | null; arguments: string }[]
  readonly usage: unknown
}

const directory = process.env["STEADYSTREAM_RECORDINGS"] ?? ""
const read = (file: string) => readFileSync(join(directory, file))
const recordings: Recording[] =
  directory === "" ? [] : (JSON.parse(read("manifest.json").toString()) as { fixtures: Recording[] }).fixtures

const dialects: Readonly<Record<string, (source: Uint8Array[]) => [ChunkStream<object, unknown>, () => Digest]>> = {
  "openai-chat": (source) => {
    const stream = readChatCompletions(source)
    return [stream, () => chatDigest(stream.snapshot)]
  },
  "openai-completions": (source) => {
    const stream = readCompletions(source)
    return [stream, () => completionDigest(stream.snapshot)]
  },
  "openai-responses": (source) => {
    const stream = readResponses(source)
    return [stream, () => responseDigest(stream.snapshot)]
  },
}

function chatDigest({ choices, usage }: ChatSnapshot): Digest {
  const { content, reasoning, refusal, finishReason, toolCalls } = choices[0]!
  const texts = { text: content ?? "", reasoning: reasoning ?? "", refusal: refusal ?? "" }
  return { ...texts, finish: finishReason, calls: toolCalls, usage }
}

function completionDigest({ choices, usage }: CompletionSnapshot): Digest {
  const { text, finishReason } = choices[0]!
  return { text, reasoning: "", refusal: "", finish: finishReason, calls: [], usage }
}

function responseDigest({ text, reasoning, refusal, status, items, usage }: ResponseSnapshot): Digest {
  const calls = items
    .filter(({ type }) => type === "function_call" || type === "custom_tool_call")
    .map(({ callId, name, arguments: input }) => ({ id: callId, name, arguments: input }))
  return { text, reasoning, refusal, finish: status, calls, usage }
}

/** Reads `pieces` and returns the result in the form of a manifest. */
async function outcomeOf(api: string, pieces: Uint8Array[]): Promise<unknown> {
  const [stream, digest] = dialects[api]!(pieces)
  await all(stream).catch(() => {})
  const { chunks, error } = await stream.ended
  const { text, calls, ...rest } = digest()
  return {
    // The reader does not yield a provider's error or its terminal event. They are in the error and in the snapshot.
    payloads: error instanceof SseProviderError ? chunks + 2 : chunks,
    error: error instanceof SseProviderError ? error.error.code : (error ?? null),
    text: sha256(text),
    calls: calls.map((call) => [call.id, call.name, sha256(call.arguments)]),
    ...rest,
    reasoning: rest.reasoning.length,
    refusal: rest.refusal.length,
  }
}

// The deltas of these recordings were abridged. Their full responses hold the whole text, which the snapshot takes.
const WHOLE_TEXTS: Readonly<Record<string, string>> = {
  "openai__openai-responses__openai-phase.1.sse": "421a0728060489f0fdc7b289d052876f049991efee71644b9b865904ac4ca407",
  "openai__openai-responses__openai-shell-container.1.sse":
    "f25bdf8386cdd1027535f6045222e9640b6a630cac8b53adb5d81c7c01e46e8f",
}

function expectedOutcome(file: string, expected: Expected): unknown {
  return {
    payloads: expected.payloads,
    error: expected.error?.code ?? null,
    text: WHOLE_TEXTS[file] ?? expected.text_sha256,
    calls: expected.tool_calls.map((call) => [call.id, call.name, call.arguments_sha256]),
    finish: expected.finish_reason,
    usage: expected.usage,
    reasoning: expected.reasoning_length_utf16,
    refusal: expected.refusal_length_utf16,
  }
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex")
}

function inSteps(bytes: Uint8Array, step: () => number): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let at = 0; at < bytes.length;) pieces.push(bytes.subarray(at, (at += step())))
  return pieces
}

/** A deterministic generator of numbers from 1 to `max`. */
function steps(max: number): () => number {
  let state = 42
  return () => 1 + ((state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) % max)
}

const claimed = recordings.filter(({ api }) => api in dialects)

describe.skipIf(directory === "")("recorded streams, from the directory in STEADYSTREAM_RECORDINGS", () => {
  test("the recordings include every dialect", () => {
    expect(new Set(claimed.map(({ api }) => api))).toEqual(new Set(Object.keys(dialects)))
  })

  test.each(claimed)(
    "the reader of $file returns what its manifest says at any cut",
    async ({ file, api, expected }) => {
      const bytes = read(file)
      for (const pieces of [[bytes], inSteps(bytes, steps(3_000)), inSteps(bytes, () => 1)]) {
        expect(await outcomeOf(api, pieces)).toEqual(expectedOutcome(file, expected))
      }
    },
  )
})
