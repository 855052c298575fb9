/* The cases of the specification, whole, byte by byte and at every cut. */
import { SseParser, SseParserStream, type SseEvent } from "steadystream"
import { conformanceCases } from "../../../conformance/cases.ts"
import { expectedOutcome, parseChunks, waysToFeed } from "../../../conformance/feed-every-way.ts"
import { equal, throws } from "../checks.ts"
import { needs, type SuiteCases } from "../suite.ts"

const specification: SuiteCases = Object.fromEntries(
  conformanceCases.map((item) => [
    item.name,
    () => {
      const expected = expectedOutcome(item)
      for (const [way, chunks] of waysToFeed(item)) {
        const outcome = parseChunks(chunks) as unknown as Record<string, unknown>
        equal(Object.fromEntries(Object.keys(expected).map((name) => [name, outcome[name]])), expected, way)
      }
    },
  ]),
)

export const parser: SuiteCases = {
  ...specification,
  "the parser refuses text beyond its limit": async () => {
    const events: SseEvent[] = []
    const tight = new SseParser({ onEvent: (event) => events.push(event), maxEventSize: 8 })
    const error = await throws("SseLimitError", () => tight.feed(`data: a\n\ndata: ${"b".repeat(100)}\n\n`))
    equal(error.code, "limit")
    equal(
      events.map(({ data }) => data),
      ["a"],
    )
  },
  "the parser's stream turns bytes of any cut into events": async () => {
    needs(typeof TransformStream === "function", "it has no TransformStream")
    const bytes = new TextEncoder().encode("id: é\ndata: ✓ 😀\n\n")
    const source = new ReadableStream<Uint8Array>({
      start: (controller) => {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte))
        controller.close()
      },
    })
    const reader = source.pipeThrough(new SseParserStream()).getReader()
    equal((await reader.read()).value, { event: "message", data: "✓ 😀", id: "é", lastEventId: "é" })
    equal((await reader.read()).done, true)
  },
}
