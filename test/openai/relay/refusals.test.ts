import { readEvents } from "steadystream"
import { relay } from "steadystream/openai"
import { describe, expect, test } from "vitest"
import { all, events } from "../../support/streams.ts"
import { silenceReports } from "../../support/silence-reports.ts"

silenceReports()

const RESPONSES = { dialect: "responses" } as const

describe("relay()", () => {
  test.each([
    ["JSON with an error", { error: { message: "key sk-secret is over its quota", code: "insufficient_quota" } }],
    ["JSON with a message", { message: "key sk-secret is over its quota" }],
    ["JSON with detail", { detail: "key sk-secret is over its quota" }],
  ])("relay() does not send the browser the words of a refusal with status 200: %s", async (_, json) => {
    for (const headers of [{ "content-type": "application/json" }, { "content-type": "text/event-stream" }]) {
      const answer = relay(new Response(JSON.stringify(json), { headers }))
      const text = await new Response(answer.toReadableStream()).text()
      expect(text).not.toContain("sk-secret")
      expect(text).toContain('"error"')
      expect(await answer.ended).toMatchObject({ reason: "error" })
    }
  })
  test.each([
    ["falls", [7, 3]],
    ["is missing", [7, undefined]],
    ["is no number", [7, "2"]],
  ])("relay() writes an error with a higher sequence_number if that of the provider %s", async (_, numbers) => {
    const body = events(
      ...numbers.map((sequence_number) => ({
        type: "response.output_text.delta",
        output_index: 0,
        delta: "x",
        sequence_number,
      })),
    )
    const sent = await all(readEvents(relay(body, RESPONSES).toReadableStream()))
    const failure = JSON.parse(sent.at(-1)!.data) as { type: string; sequence_number: number }
    expect(failure.type).toMatch(/^(error|response\.failed)$/)
    expect(failure.sequence_number).toBeGreaterThan(7)
  })
})
