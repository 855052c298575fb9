import { expect, test } from "vitest"
import { checkArrival } from "../../src/cli/lint/arrival.ts"
import { explanationOf } from "../../src/cli/explanation.ts"
import { visibleJson, visibleText } from "../../src/cli/visible-text.ts"
import { SseResponseError } from "../../src/index.ts"

test("visibleJson() is JSON of the same value, without control characters and marks of direction", () => {
  const value = { data: 'a\u009b31mb\u202ec\u061cd\u200be\u007f"\n\u001b[0m' }
  const text = visibleJson(value)
  expect(JSON.parse(text)).toEqual(value)
  expect(text).toMatch(/^[\u0020-\u007e]*$/)
})

test("visibleText() shows invisible characters as escapes", () => {
  expect(visibleText("a\u061cb\u200bc\u009b")).toBe(String.raw`a\u061cb\u200bc\x9b`)
})

test("explanationOf() replaces secrets as they were sent, encoded, and in a text of JSON", () => {
  const url = new URL("https://example.com/?key=sk%2Blive%2F123456789&q=my%20secret")
  const headers = new Headers({ "x-key": 'quo"ted-secret' })
  const body = ["sk+live/123456789", "sk%2Blive%2F123456789", "my%20secret", "my secret", String.raw`quo\"ted-secret`]
  const error = new SseResponseError("refused", "response", {
    status: 401,
    headers: new Headers(),
    body: body.join(" "),
  })
  const shown = explanationOf(error, { url, headers, method: "GET", body: undefined })
  expect(shown).not.toMatch(/sk|secret|123456/)
})

test("checkArrival() takes a response of 200,000 chunks", () => {
  const chunks = Array.from({ length: 200_000 }, (_, at) => ({ at, bytes: new Uint8Array(1) }))
  const head = { at: 0, status: 200, headers: {} }
  const response = { head, chunks, end: "end", endAt: 200_000 } as unknown as Parameters<typeof checkArrival>[0]
  expect([...checkArrival(response, [])].map(({ rule }) => rule)).not.toContain("arrival/silence")
})
