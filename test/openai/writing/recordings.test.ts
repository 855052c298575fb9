import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { Stream } from "openai/core/streaming"
import { describe, expect, test } from "vitest"
import {
  type ChunkStream,
  encodeChunks,
  readChatCompletions,
  readCompletions,
  type ReadChunksOptions,
  readResponses,
  relay,
} from "steadystream/openai"
import { eventsOf } from "./stream-reading.ts"
import { silenceReports } from "../../support/silence-reports.ts"

silenceReports()

type Read = (source: Uint8Array[], options: ReadChunksOptions) => ChunkStream<object, unknown>

const READERS: Readonly<Record<string, readonly [Read, "chat" | "completions" | "responses"]>> = {
  "openai-chat": [readChatCompletions, "chat"],
  "openai-completions": [readCompletions, "completions"],
  "openai-responses": [readResponses, "responses"],
}
/** Reads `body` with the official client and returns its chunks and its error. */
async function officialReading(
  body: ReadableStream<Uint8Array<ArrayBuffer>> | Buffer<ArrayBuffer>,
): Promise<unknown[]> {
  const found: unknown[] = []
  try {
    for await (const chunk of Stream.fromSSEResponse(new Response(body), new AbortController())) found.push(chunk)
  } catch (error) {
    found.push(String(error))
  }
  return found
}

const directory = process.env["STEADYSTREAM_RECORDINGS"] ?? ""
const recordings = (directory === "" ? [] : readdirSync(directory)).flatMap((file) => {
  const reader = READERS[file.split("__")[1] ?? ""]
  return reader === undefined || !file.endsWith(".sse") ? [] : [[file, ...reader] as const]
})

describe.skipIf(directory === "")("encodeChunks() on recorded streams", () => {
  test.each(recordings)("encodeChunks() writes the chunks of %s as they were read", async (file, read, dialect) => {
    const recorded = readFileSync(join(directory, file))
    const payloads = (await eventsOf(recorded.toString())).filter(({ data }) => data !== "" && data !== "[DONE]")
    const chunks = read([recorded], { onProviderError: "yield", completion: "lenient" })
    const written = await eventsOf(encodeChunks(chunks, { dialect, done: false }))
    // The encoder numbers a Responses event that has no number.
    expect(written.map(({ event, data }) => [event, JSON.parse(data) as unknown])).toMatchObject(
      payloads.map(({ event, data }) => [event, JSON.parse(data) as unknown]),
    )
  })
})

describe.skipIf(directory === "")("relay() on recorded streams", () => {
  test.each(recordings)("relay() forwards %s as it was sent", async (file, _, dialect) => {
    const recorded = readFileSync(join(directory, file))
    const sent = (await eventsOf(recorded.toString())).filter(({ data }) => data !== "" && data !== "[DONE]")
    const answer = relay([recorded], { dialect: dialect as "chat" })
    const received = await eventsOf(answer.toReadableStream())
    const { reason } = await answer.ended
    const mark = dialect !== "responses" && reason !== "error" ? [["message", "[DONE]"]] : []
    expect(received.map(({ event, data }) => [event, data])).toEqual([
      ...sent.map(({ event, data }) => [event, data]),
      ...mark,
    ])
  })

  test.each(recordings)("relay() changes nothing for the official client on %s", async (file, _, dialect) => {
    const recorded = readFileSync(join(directory, file))
    const relayed = relay([recorded], { dialect: dialect as "chat" }).toReadableStream()
    expect(await officialReading(relayed)).toEqual(await officialReading(recorded))
  })
})
