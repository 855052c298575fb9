/* Each runtime runs the conformance cases in every way of feeding them, against the built package. */
import { isDeepStrictEqual } from "node:util"
import { conformanceCases } from "../conformance/cases.ts"
import { expectedOutcome, parseChunks, waysToFeed } from "../conformance/feed-every-way.ts"

let failed = 0
for (const item of conformanceCases) {
  const expected = expectedOutcome(item)
  for (const [way, chunks] of waysToFeed(item)) {
    const outcome = parseChunks(chunks) as unknown as Record<string, unknown>
    const seen = Object.fromEntries(Object.keys(expected).map((name) => [name, outcome[name]]))
    if (isDeepStrictEqual(seen, expected)) continue
    failed++
    console.error(`failed: ${item.name}, ${way}`)
    break
  }
}
console.log(`${conformanceCases.length - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
