import { describe, expect, test } from "vitest"
import { conformanceCases } from "./cases.ts"
import { expectedOutcome, parseChunks, waysToFeed } from "./feed-every-way.ts"

describe.each(["parsing-an-event-stream", "event-stream-interpretation"] as const)("SseParser, %s", (anchor) => {
  const cases = conformanceCases.filter((item) => item.anchor === anchor)
  test.each(cases)("SseParser: $name", (item) => {
    for (const [way, chunks] of waysToFeed(item)) {
      expect(parseChunks(chunks), way).toMatchObject(expectedOutcome(item))
    }
  })
})

test("SseParser: the cases have names of their own", () => {
  expect(new Set(conformanceCases.map((item) => item.name)).size).toBe(conformanceCases.length)
})
