/*
 * Makes event streams in the shapes that servers send, about 1 MB each, from a fixed seed. The events of a corpus are
 * known without any parser, so that every contender can be checked.
 */

import { random } from "./random.ts"

export interface CorpusEvent {
  readonly event?: string
  readonly id?: string
  readonly data: string
}

export interface Corpus {
  readonly events: readonly CorpusEvent[]
  /** The stream, cut after each event; a comment belongs to the event after it. */
  readonly blocks: readonly string[]
}

const SIZE = 1_000_000
const ENGLISH =
  "the of and to in is that it was for on are as with they be at one have this from or had by hot word but what some we can out other were all there when up use your how said an each she which do their time if will way about many then them write would like so these her long make thing see him two has look more day could go come did number sound no most people my over know water than call first who may down side been now find".split(
    " ",
  )
const PUNCTUATION = [",", ".", "\\n\\n", " -", ":", "!", ' \\"', "**"]
// Models write these characters instead of - and ': about one token in sixty is not ASCII.
const TYPOGRAPHY = ["—", "’s", "“", "”", "é"]
const CJK = Array.from("的一是不了人我在有他这中大来上国个到说们日本語のテキスト한국어문장입니다")
const EMOJI = ["😀", "🚀", "👩‍💻", "✅", "🇯🇵"]

type Random = () => number
const pick = <T>(next: Random, from: readonly T[]): T => from[Math.floor(next() * from.length)]!

function englishToken(next: Random): string {
  const kind = next()
  if (kind < 1 / 60) return pick(next, TYPOGRAPHY)
  return kind < 0.15 ? pick(next, PUNCTUATION) : ` ${pick(next, ENGLISH)}`
}

function cjkToken(next: Random): string {
  if (next() < 0.1) return pick(next, EMOJI)
  return Array.from({ length: 1 + Math.floor(next() * 3) }, () => pick(next, CJK)).join("")
}

const chatChunk = (token: (next: Random) => string) => (next: Random) => ({
  data:
    `{"id":"chatcmpl-BqX3vT0uP1aZkC9dYw7LmNsRj2Qe5","object":"chat.completion.chunk","created":1763942400,` +
    `"model":"gpt-4o-mini-2024-07-18","service_tier":"default","system_fingerprint":"fp_34a54ae93c","choices":` +
    `[{"index":0,"delta":{"content":"${token(next)}"},"logprobs":null,"finish_reason":null}],"usage":null}`,
})

function responsesChunk(next: Random, index: number): CorpusEvent {
  const event = "response.output_text.delta"
  const padding = Math.floor(next() * 1e15).toString(36)
  return {
    event,
    data:
      `{"type":"${event}","sequence_number":${index},"item_id":"msg_68a1f0c2d4b881a0b7d3e5c9f2a4601e",` +
      `"output_index":0,"content_index":0,"delta":"${englishToken(next)}","logprobs":[],"obfuscation":"${padding}"}`,
  }
}

function tick(next: Random, index: number): CorpusEvent {
  const price = (1 + next()).toFixed(5)
  return { event: "tick", id: `${index}`, data: `{"s":"${pick(next, ["EURUSD", "GBPUSD", "USDJPY"])}","p":${price}}` }
}

function codeBlock(next: Random, index: number): CorpusEvent {
  const lines = Array.from({ length: 4 + Math.floor(next() * 9) }, (_, line) => {
    const words = Array.from({ length: 3 + Math.floor(next() * 8) }, () => pick(next, ENGLISH))
    return `${"  ".repeat(line % 4)}${words.join(" ")}`
  })
  return { event: "patch", id: `${index}`, data: lines.join("\n") }
}

function make(
  event: (next: Random, index: number) => CorpusEvent,
  options: { lineEnd?: string; comment?: string } = {},
): Corpus {
  const next = random(7)
  const lineEnd = options.lineEnd ?? "\n"
  const events: CorpusEvent[] = []
  const blocks: string[] = []
  for (let size = 0; size < SIZE; size += blocks.at(-1)!.length) {
    const one = event(next, events.length)
    events.push(one)
    blocks.push((options.comment ?? "") + render(one, lineEnd))
  }
  return { events, blocks }
}

function render({ event, id, data }: CorpusEvent, lineEnd: string): string {
  let block = ""
  if (event !== undefined) block += `event: ${event}${lineEnd}`
  if (id !== undefined) block += `id: ${id}${lineEnd}`
  for (const line of data.split("\n")) block += `data: ${line}${lineEnd}`
  return block + lineEnd
}

const chat = chatChunk(englishToken)

export const corpora: Readonly<Record<string, () => Corpus>> = {
  chat: () => make(chat),
  responses: () => make(responsesChunk),
  ticker: () => make(tick),
  multiline: () => make(codeBlock),
  cjk: () => make(chatChunk(cjkToken)),
  comments: () => make(chat, { comment: ": PROCESSING\n\n: keep-alive 1763942400\n\n" }),
  crlf: () => make(chat, { lineEnd: "\r\n" }),
  cr: () => make(chat, { lineEnd: "\r" }),
}

/** The events to encode. */
export const messages: Readonly<Record<string, () => Corpus>> = {
  json: corpora["chat"]!,
  "id+event": () => make((next, index) => ({ ...responsesChunk(next, index), id: `${index}` })),
  multiline: () => make((next, index) => ({ data: codeBlock(next, index).data })),
}

/** Cuts the corpus into chunks of bytes, as a delivery does. */
export function deliver(corpus: Corpus, delivery: string): Uint8Array[] {
  const encoder = new TextEncoder()
  if (delivery === "event") return corpus.blocks.map((block) => encoder.encode(block))
  const bytes = encoder.encode(corpus.blocks.join(""))
  const next = random(11)
  const sizes: Record<string, () => number> = {
    "16k": () => 16_384,
    "64k": () => 65_536,
    random: () => 1 + Math.floor(next() * 1400),
  }
  const size = sizes[delivery]!
  const chunks: Uint8Array[] = []
  for (let start = 0; start < bytes.length;) {
    const end = start + size()
    // Each chunk has its own memory, as chunks from a socket have.
    chunks.push(bytes.slice(start, end))
    start = end
  }
  return chunks
}

/** Decodes each chunk to a flat string, as a decoder returns it, not to a slice of one string. */
export function decodeChunks(chunks: readonly Uint8Array[]): string[] {
  const decoder = new TextDecoder()
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true }))
}
