import { createHash } from "node:crypto"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { hexOf, keysOf, type LogKeys } from "../../src/redis/log-keys.ts"

/** The part of a key that a cluster hashes. */
function tagOf(key: string): string {
  const from = key.indexOf("{")
  const to = key.indexOf("}", from + 1)
  return from < 0 || to <= from + 1 ? key : key.slice(from + 1, to)
}
const keysIn = ({ hash, stream, channel }: LogKeys) => [hash, stream, channel]

// Names of few characters, so that encoded names meet names that look encoded; and long ones.
const UNITS = "a%72bdhu0{} :é\u0000\u007f\u0085\ud83d\ude00\n".split("")
const names = fc.oneof(
  fc.string({ unit: fc.constantFrom(...UNITS), maxLength: 6 }),
  fc.string({ unit: "grapheme" }),
  fc.string({ minLength: 250, maxLength: 270 }),
)

test("keysOf() returns keys with one hash tag, without characters that need care", async () => {
  await fc.assert(
    fc.asyncProperty(names, async (name) => {
      const keys = keysIn(await keysOf("p:", name))
      expect(new Set(keys).size).toBe(3)
      expect(new Set(keys.map(tagOf)).size).toBe(1)
      expect(tagOf(keys[0]!)).not.toBe(keys[0])
      for (const key of keys) {
        expect(key).toMatch(/^p:\{[^{}\s\p{Cc}\p{Surrogate}]+\}:[mln]$/u)
        expect(Buffer.byteLength(key)).toBeLessThanOrEqual(2 + 256 + 4)
      }
    }),
  )
})

test("keysOf() returns other keys for every other name", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(names, { minLength: 2, maxLength: 20 }), async (all) => {
      const keys = await Promise.all(all.map((name) => keysOf("", name)))
      expect(new Set(keys.flatMap(keysIn)).size).toBe(3 * all.length)
    }),
  )
})

test.each([
  ["room:7", "{room:7}"],
  ["", "{%}"],
  ["a b{c}%\n", "{a%20b%7bc%7d%25%0a}"],
  ["😀", "{😀}"],
  ["\ud83d", "{%ud83d}"],
  ["%", "{%25}"],
  ["x".repeat(256), `{${"x".repeat(256)}}`],
  ["é".repeat(129), `{%h${createHash("sha256").update("é".repeat(129)).digest("hex")}}`],
])("keysOf() encodes %j", async (name, tag) => {
  expect((await keysOf("", name)).hash).toBe(`${tag}:m`)
})

test("hexOf() returns what Redis calls a script", async () => {
  expect(await hexOf("SHA-1", "return 1")).toBe(createHash("sha1").update("return 1").digest("hex"))
})
