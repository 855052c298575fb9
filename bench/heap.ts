/* Measures the heap of idle parsers that have read one event. Needs --expose-gc. Prints JSON: bytes per parser by name. */
import { createParser } from "eventsource-parser"
import { steadystream } from "./contender.ts"

const COUNT = 20_000
const text = "id: 1\ndata: hello\n\n"
const bytes = new TextEncoder().encode(text)
const onEvent = () => {}

const makers: Record<string, () => unknown> = {
  "steadystream, text": () => {
    const parser = new steadystream.SseParser({ onEvent })
    parser.feed(text)
    return parser
  },
  "steadystream, bytes": () => {
    const parser = new steadystream.SseParser({ onEvent })
    parser.feed(bytes)
    return parser
  },
  "eventsource-parser, text": () => {
    const parser = createParser({ onEvent })
    parser.feed(text)
    return parser
  },
  "eventsource-parser + TextDecoder, bytes": () => {
    const parser = createParser({ onEvent })
    const decoder = new TextDecoder()
    parser.feed(decoder.decode(bytes, { stream: true }))
    return { parser, decoder }
  },
}

function heapUsed(): number {
  for (let times = 0; times < 3; times++) globalThis.gc!()
  return process.memoryUsage().heapUsed
}

function bytesEach(make: () => unknown): number {
  const held: unknown[] = Array.from({ length: COUNT })
  for (let index = 0; index < COUNT; index++) make()
  const before = heapUsed()
  for (let index = 0; index < COUNT; index++) held[index] = make()
  const used = heapUsed() - before
  if (held.length !== COUNT) throw new Error("Cannot measure the heap: the parsers must be alive")
  return Math.round(used / COUNT)
}

console.log(JSON.stringify(Object.fromEntries(Object.entries(makers).map(([name, make]) => [name, bytesEach(make)]))))
