/*
 * Each recorded answer is read across connections that are cut: after every event, inside an event, and at several random
 * places. The chunks, the snapshot and the end must equal those of a read without a cut.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import {
  defineEvents,
  encodeEvent,
  readEvents,
  SseError,
  type SseEvent,
  SseProviderError,
  text as plainText,
} from "steadystream"
import { subscribe, type SubscribeOptions } from "steadystream/client"
import { type ChunkSource, type ChunkStream, readChatCompletions, readCompletions } from "steadystream/openai"
import { readResponses } from "steadystream/openai"
import { createAnswers, memoryStore } from "steadystream/server"
import { type ScriptedAnswer, scriptedFetch } from "steadystream/testing"
import { IdleClock } from "../../support/idle-clock.ts"
import { all } from "../reading/scripted-source.ts"

interface Recording {
  readonly file: string
  readonly api: string
}

const directory = process.env["STEADYSTREAM_RECORDINGS"] ?? ""
const read = (file: string): string => readFileSync(join(directory, file), "utf8")
const recordings: Recording[] =
  directory === "" ? [] : (JSON.parse(read("manifest.json")) as { fixtures: Recording[] }).fixtures

const clock = new IdleClock()

// After an error, a reader of responses waits a second for the terminal event: the retries must be quicker.
const RETRY = { initialDelay: 0 }

const readers: Readonly<Record<string, (source: ChunkSource) => ChunkStream<object, unknown>>> = {
  "openai-chat": (source) => readChatCompletions(source, { clock }),
  "openai-completions": (source) => readCompletions(source, { clock }),
  "openai-responses": (source) => readResponses(source, { clock }),
}

/** Where a connection ends: after a number of characters of the whole answer, and how. */
interface Cut {
  readonly at: number
  readonly end: "close" | "reset"
}

/** The events of an answer as a server stores them: each with the ID that it is resumed from. */
class StoredAnswer {
  readonly #blocks: string[]
  /** The place after each event. */
  readonly ends: number[]

  constructor(events: readonly SseEvent[]) {
    this.#blocks = events.map(({ event, data }, index) => encodeEvent({ id: `${index + 1}`, event, data }))
    let length = 0
    this.ends = this.#blocks.map((block) => (length += block.length))
  }

  /** Answers the requests for it, each of which is cut at the next place of `cuts`. */
  respond(cuts: readonly Cut[]): ScriptedAnswer {
    const rest = [...cuts]
    return ({ headers }) => {
      const from = Number(headers.get("last-event-id") ?? 0)
      const cut = rest.shift()
      if (cut === undefined && from === this.#blocks.length) return new Response(null, { status: 204 })
      const text = this.#blocks.slice(from).join("")
      const start = this.ends[from - 1] ?? 0
      return { chunks: [text.slice(0, Math.max(0, (cut?.at ?? Infinity) - start))], end: cut?.end ?? "close" }
    }
  }
}

interface Result {
  readonly chunks: string[]
  readonly snapshot: string
  readonly end: string
}

/** Reads a source to its end, in a form that is quick to compare. */
async function resultOf(api: string, source: ChunkSource): Promise<Result> {
  const stream = readers[api]!(source)
  const chunks: string[] = []
  try {
    for await (const chunk of stream) chunks.push(JSON.stringify(chunk))
  } catch (error) {
    if (!SseError.is(error)) throw error
  }
  const { reason, error, sawDone, cursor } = await stream.ended
  const { name, code, message } = SseError.is(error) ? error : {}
  const provider = error instanceof SseProviderError ? error.error : undefined
  const end = JSON.stringify([reason, sawDone, cursor, name, code, message, provider])
  return { chunks, snapshot: JSON.stringify(stream.snapshot), end }
}

async function readCut(api: string, answer: StoredAnswer, cuts: readonly Cut[], until: Until): Promise<Result> {
  const fetch = scriptedFetch([answer.respond(cuts)])
  const result = await resultOf(api, subscribe("https://example.com/answer", { fetch, clock, until, retry: RETRY }))
  expect(fetch.openBodies).toBe(0)
  return result
}

type Until = SubscribeOptions["until"]
const UNTILS: readonly Until[] = ["[DONE]", ({ data }) => data === "[DONE]", undefined]
const ENDS = ["close", "reset"] as const

/** A deterministic generator of integers from 0 to below `max`. */
function numbers(): (max: number) => number {
  let state = 42
  return (max) => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) % max
}

/** The text with the blank line that ends its last event. */
function finished(text: string): string {
  if (/(?:\r\n|\r|\n){2}$/.test(text)) return text
  return /[\r\n]$/.test(text) ? `${text}\n` : `${text}\n\n`
}

const claimed = recordings.filter(({ api }) => api in readers)

describe.skipIf(directory === "")("recorded streams, from the directory in STEADYSTREAM_RECORDINGS", () => {
  test("the resumed recordings include every dialect", () => {
    expect(new Set(claimed.map(({ api }) => api))).toEqual(new Set(Object.keys(readers)))
  })

  test.each(claimed)(
    "the reader of $file returns the same across a connection that is cut at any event",
    { timeout: 120_000 },
    async ({ file, api }) => {
      const text = read(file)
      const answer = new StoredAnswer(await all(readEvents(finished(text))))
      const whole = await resultOf(api, text)
      // An end mark that is no event of the stream would be waited for.
      const untils = text.includes("[DONE]") ? UNTILS : [undefined]
      const expectSame = async (cuts: readonly Cut[], until: Until) =>
        expect(await readCut(api, answer, cuts, until), JSON.stringify(cuts)).toEqual(whole)
      for (const until of untils) await expectSame([], until)
      for (const [index, at] of [0, ...answer.ends].entries()) {
        await expectSame([{ at, end: ENDS[index % 2]! }], untils[index % untils.length])
      }
      const random = numbers()
      const length = answer.ends.at(-1)!
      for (let count = 0; count < 60; count++) {
        const cuts = Array.from({ length: 1 + (count % 3) }, () => ({ at: random(length), end: ENDS[random(2)]! }))
        await expectSame(cuts, untils[count % untils.length])
      }
    },
  )

  test.each(claimed)(
    "the reader of $file returns the same over events, wherever the text is cut",
    async ({ file, api }) => {
      const text = read(file)
      const random = numbers()
      // Over events, a body without one has no line that would be an error.
      const first = text.search(/(?:\r\n|\r|\n){2}/) + 4
      for (let count = 0; count < 12; count++) {
        const cut = text.slice(0, count === 0 ? undefined : first + random(text.length - first))
        const { end, ...whole } = await resultOf(api, cut)
        const fetch = scriptedFetch([{ chunks: [cut] }])
        for (const source of [
          readEvents(cut, { dispatchEmpty: true }),
          subscribe("https://example.com/answer", { fetch, clock, retry: false, dispatchEmpty: true }),
        ]) {
          expect(await resultOf(api, source), JSON.stringify(cut.slice(-80))).toEqual({ end, ...whole })
        }
      }
    },
  )

  test.each(claimed)("the reader of $file fails at a gap that a contract skips", async ({ file, api }) => {
    const events = await all(readEvents(finished(read(file))))
    let taken = 0
    async function* counted() {
      for (const event of events) {
        taken++
        yield event
      }
    }
    const { end } = await resultOf(api, counted())
    // An error of the provider is reported in place of a gap after it.
    if (end.startsWith('["error"')) return
    const contract = defineEvents(Object.fromEntries(events.map(({ event }) => [event, plainText()])))
    const random = numbers()
    for (let count = 0; count < 6; count++) {
      const at = random(taken)
      const gap = { event: "steadystream.gap", data: "{}", id: undefined, lastEventId: "" }
      const answer = new StoredAnswer([...events.slice(0, at), gap, ...events.slice(at)])
      const fetch = scriptedFetch([answer.respond([{ at: random(answer.ends.at(-1)!), end: ENDS[count % 2]! }])])
      const options = { fetch, clock, retry: RETRY, events: contract }
      const result = await resultOf(api, subscribe("https://example.com/answer", options))
      expect(result.end).toContain("did not have every event")
    }
  })

  test.each(claimed)(
    "the reader of $file returns the same from createAnswers(), across a cut",
    async ({ file, api }) => {
      const body = finished(read(file))
      const whole = await resultOf(api, body)
      if (whole.end.startsWith('["error"')) return
      const answers = createAnswers({ store: memoryStore() })
      await answers.start("answer", () => new Response(body).body!)
      const { length } = await (await answers.respond(new Request("https://example.com/answer"), "answer")).text()
      const random = numbers()
      for (let count = 0; count < 6; count++) {
        const cuts: Cut[] = [
          { at: random(length), end: "close" },
          { at: random(length), end: "reset" },
        ]
        const fetch = scriptedFetch([
          async ({ headers }) => {
            const response = await answers.respond(new Request("https://example.com/answer", { headers }), "answer")
            const cut = cuts.shift()
            return cut === undefined ? response : { chunks: [(await response.text()).slice(0, cut.at)], end: cut.end }
          },
        ])
        const result = await resultOf(api, subscribe("https://example.com/answer", { fetch, clock, retry: RETRY }))
        expect(result).toEqual(whole)
      }
    },
  )

  test.each(claimed)(
    "the reader of $file fails in the same way if the answer ends too early, however it is cut",
    async ({ file, api }) => {
      const events = await all(readEvents(read(file)))
      const random = numbers()
      for (let count = 0; count < 12; count++) {
        const part = events.slice(0, random(events.length))
        const whole = await resultOf(api, part)
        const answer = new StoredAnswer(part)
        const cuts = [{ at: random((answer.ends.at(-1) ?? 0) + 1), end: ENDS[count % 2]! }]
        const until = api === "openai-responses" ? undefined : UNTILS[count % UNTILS.length]
        const stored = part.map(({ event, data }) => encodeEvent({ event, data })).join("")
        expect(await resultOf(api, stored)).toEqual(whole)
        expect(await readCut(api, answer, cuts, until)).toEqual(whole)
      }
    },
  )
})
