/*
 * npm run fuzz -- <seconds> [seed]: parses random streams with random cuts, as text, bytes and invalid UTF-8, with the
 * parser, the model written from the specification, and eventsource-parser, and compares the results. Prints its seed,
 * and each difference as a case for test/conformance/cases.ts.
 */
import { createParser } from "eventsource-parser"
import { parseModel } from "../test/support/model.ts"
import { record } from "../test/support/record.ts"

const [seconds = "30", seedText = String(Date.now() % 2_147_483_647)] = process.argv.slice(2)
if (!(Number(seconds) > 0) || !Number.isInteger(Number(seedText))) {
  throw new RangeError(`Cannot fuzz: seconds and seed must be numbers, not ${seconds} and ${seedText}`)
}
let state = Number(seedText) >>> 0

/** mulberry32 */
function random(): number {
  state = (state + 0x6d2b79f5) >>> 0
  let mixed = Math.imul(state ^ (state >>> 15), state | 1)
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
}
const below = (count: number) => Math.floor(random() * count)
const pick = <T>(items: readonly T[]): T => items[below(items.length)]!

const TOKENS = [
  ..."data data: data:_ event: event:_x id: id:_7 id retry: retry:_50 : :_c"
    .split(" ")
    .map((token) => token.replace("_", " ")),
  ..."\n \n \n \n \r \r \r\n \r\n \n\n \r\r \r\n\r\n".split(" "),
  ..."x data dat idx : :: +5 09 1e3 ५ é 漢 😀 \u2028 \u0085 \uFEFF \0 __proto__ message".split(" "),
  " ",
  "  ",
  "\uFEFF",
  "x".repeat(70),
  "漢".repeat(40),
]
const INVALID = [
  [0xff],
  [0xc3],
  [0xe2, 0x82],
  [0xf0, 0x9f, 0x98],
  [0x80],
  [0xed, 0xa0, 0x80],
  [0xc0, 0xaf],
  [0xf4, 0x90],
]

function randomBytes(): Uint8Array {
  const encoder = new TextEncoder()
  const parts: number[] = random() < 0.2 ? [0xef, 0xbb, 0xbf] : []
  // Some streams are longer than a block, which the parser decodes at once.
  const length = random() < 0.02 ? 6000 : below(40)
  for (let count = 0; count < length; count++) {
    parts.push(...(random() < 0.04 ? pick(INVALID) : encoder.encode(pick(TOKENS))))
  }
  return Uint8Array.from(parts)
}

function* cut<T extends string | Uint8Array>(whole: T): Generator<T> {
  const widest = pick([1, 2, 3, 8, 100, 20_000, Infinity])
  for (let start = 0; start < whole.length;) {
    const end = Math.min(whole.length, start + (widest === Infinity ? whole.length : below(widest + 1)))
    yield whole.slice(start, end) as T
    start = end
  }
}

function theirs(chunks: Iterable<string>): unknown {
  const events: unknown[] = []
  const parser = createParser({ onEvent: ({ event, data, id }) => events.push([event || "message", data, id]) })
  for (const chunk of chunks) parser.feed(chunk)
  return events
}

const same = (left: unknown, right: unknown) => JSON.stringify(left) === JSON.stringify(right)
const end = performance.now() + Number(seconds) * 1000
let streams = 0
let differences = 0
console.log(`fuzz: seed ${seedText}, ${seconds} s`)
while (performance.now() < end && differences < 5) {
  const bytes = randomBytes()
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)
  const model = parseModel(text)
  streams++
  for (const [kind, outcome] of [
    ["bytes", record(cut(bytes))],
    ["text", record(cut(text))],
  ] as const) {
    if (same(outcome, model)) continue
    differences++
    console.error(
      `differs from the model, ${kind}: ${JSON.stringify(text)}\n  ${JSON.stringify(outcome)}\n  ${JSON.stringify(model)}`,
    )
  }
  const expected = model.events.map(({ event, data, id }) => [event, data, id])
  const peer = theirs(cut(text))
  if (same(peer, expected)) continue
  differences++
  console.error(
    `differs from eventsource-parser: ${JSON.stringify(text)}\n  ${JSON.stringify(peer)}\n  ${JSON.stringify(expected)}`,
  )
}
console.log(`fuzz: ${streams} streams against the model and eventsource-parser, ${differences} differences`)
process.exitCode = differences === 0 ? 0 : 1
