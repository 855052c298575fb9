import { describe, expect, test } from "vitest"
import { conformanceCases } from "./cases.ts"
import { expectedOutcome, parseChunks, waysToFeed } from "./feed-every-way.ts"

describe.each(["parsing-an-event-stream", "event-stream-interpretation"] as const)("SseParser %s", (anchor) => {
  const cases = conformanceCases.filter((item) => item.anchor === anchor)
  test.each(cases)('SseParser passes the case "$name"', (item) => {
    for (const [way, chunks] of waysToFeed(item)) {
      expect(parseChunks(chunks), way).toMatchObject(expectedOutcome(item))
    }
  })
})

test("SseParser has conformance cases with unique names", () => {
  expect(new Set(conformanceCases.map((item) => item.name)).size).toBe(conformanceCases.length)
})
