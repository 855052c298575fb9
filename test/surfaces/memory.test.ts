/* What is kept longer than a piece of the source is a copy, and does not grow with the stream. */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { silenceReports } from "../support/silence-reports.ts"
import { settle } from "../support/streams.ts"
import { describe, expect, test } from "vitest"
import { readToEnd } from "./consumers.ts"
import { open, type Surface, surfaces } from "./surfaces.ts"

setFlagsFromString("--expose-gc")
const gc = runInNewContext("gc") as () => void
/** The memory in use; buffers are freed some time after they are collected. */
const used = async () => {
  for (let turn = 0; turn < 3; turn++) {
    gc()
    await settle(2)
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

silenceReports()

const encoder = new TextEncoder()
const readers = surfaces.filter(({ input }) => typeof input[0] === "string")

/** The bytes of a stream in pieces of three, each in the same buffer or in one of its own. */
async function* bytesOf({ input }: Surface, isReused: boolean) {
  const bytes = encoder.encode(input.join(""))
  const shared = new Uint8Array(3)
  for (let start = 0; start < bytes.length; start += 3) {
    const piece = bytes.slice(start, start + 3)
    if (isReused) shared.set(piece)
    yield isReused ? shared.subarray(0, piece.length) : piece
  }
}

describe("what is kept longer than a piece", () => {
  // The streams of the platform hold a piece while they read the next one.
  test.each(readers.filter(({ name }) => name !== "SseParserStream"))(
    "$name reads the same from a source that reuses its buffer",
    async (surface) => {
      const expected = await readToEnd(open(surface, bytesOf(surface, false)))
      const { items, error } = await readToEnd(open(surface, bytesOf(surface, true)))
      expect(expected.items.length).toBeGreaterThan(0)
      expect(items).toEqual(expected.items)
      expect(String(error)).toBe(String(expected.error))
    },
  )

  test.each(surfaces)("$name keeps less than 16 MB of 96 MB in large pieces", async (surface) => {
    const start = 50
    let before = 0
    let grown = 0
    async function* pieces() {
      for (let at = 0; at < 1550; at++) {
        if (at === start) before = await used()
        yield pieceOf(surface, at)
      }
      grown = (await used()) - before
    }
    await readToEnd(open(surface, pieces()), false)
    expect(before).toBeGreaterThan(0)
    expect(grown).toBeLessThan(16 * 1024 * 1024)
  })
})

/** The same text in one piece of memory, as a source has it. */
const flat = (text: string) => Buffer.from(text).toString()

/** A piece of 64 KiB with one event, which is small if it is read, since a snapshot keeps its text. */
function pieceOf({ item, input }: Surface, at: number): unknown {
  if (typeof input[0] !== "string") return item(at, 65_536)
  return flat(`:${"x".repeat(65_536)}\n${item(at, 10) as string}`)
}
