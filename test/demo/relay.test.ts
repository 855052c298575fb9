import { describe, expect, onTestFinished, test } from "vitest"
import { readEvents, SseProviderError } from "steadystream"
import { readChatCompletions } from "steadystream/openai"
import { DemoServer } from "../../demo/server/demo-server.ts"
import { silenceReports } from "../support/silence-reports.ts"
import { isWithoutChromium, useChromium, waitForText } from "./demo-page.ts"

silenceReports()

const pageDirectory = new URL("../../demo/dist/page/", import.meta.url)

async function startDemo(token: number): Promise<string> {
  const demo = new DemoServer({ pageDirectory, pace: { token } })
  onTestFinished(() => demo.close())
  return `http://127.0.0.1:${await demo.listen("127.0.0.1", 0)}`
}

const bodyFor = (model: string) =>
  JSON.stringify({ model, stream: true, messages: [{ role: "user", content: "What are server-sent events?" }] })

test("POST /relay/v1/chat/completions forwards an answer, and GET /api/relay shows what was read of it", async () => {
  const origin = await startDemo(1)
  const watching = readEvents(await fetch(`${origin}/api/relay?id=a`))
  expect((await watching.next()).value?.event).toBe("ready")
  const response = await fetch(`${origin}/relay/v1/chat/completions?watcher=a`, {
    method: "POST",
    body: bodyFor("demo"),
  })
  const received: string[] = []
  for await (const { data } of readEvents(response)) received.push(data)
  const read: string[] = []
  for await (const { event, data } of watching) read.push(event === "end" ? event : data)
  expect(received.at(-1)).toBe("[DONE]")
  expect(read).toEqual([...received.slice(0, -1), "end"])
})

test("POST /relay/v1/chat/completions reports that the provider's answer was cut", async () => {
  const origin = await startDemo(1)
  const stream = readChatCompletions(
    fetch(`${origin}/relay/v1/chat/completions`, { method: "POST", body: bodyFor("demo-cut") }),
  )
  const error: unknown = await stream.collect().catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(SseProviderError)
  expect((error as SseProviderError).error.code).toBe("truncated")
  expect((await fetch(`${origin}/relay/v1/chat/completions`, { method: "POST", body: "{}" })).status).toBe(400)
})

describe.skipIf(isWithoutChromium)("the demo's relay in Chromium", () => {
  const openPage = useChromium()

  test.for([
    ["run", 5, "The complete answer is stored.", "Complete, with the end mark."],
    ["leave", 200, "The browser left, so the request to the provider was aborted.", "Left after 12 chunks."],
    ["cut", 5, "The provider broke off: truncated.", "Failed: the relay reported “truncated”."],
  ] as const)(
    "the demo's page shows the provider's chunks beside its own: %s",
    { timeout: 240_000 },
    async ([action, token, stored, received], context) => {
      const { page, errors } = await openPage(context, 5, {}, token)
      await page.click(`#relay [data-action="${action}"]`)
      await waitForText(page, "#provider .outcome", stored)
      await waitForText(page, "#browser .outcome", received)
      const dataOf = (side: string) => page.locator(`${side} .log tbody tr:not(.note) td:last-child`).allInnerTexts()
      const seen = await dataOf("#browser")
      expect(seen.length).toBeGreaterThanOrEqual(12)
      expect((await dataOf("#provider")).slice(0, seen.length)).toEqual(seen)
      expect(errors).toEqual([])
    },
  )
})
