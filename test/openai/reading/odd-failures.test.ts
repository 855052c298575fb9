import { SseError } from "steadystream"
import { readChatCompletions, readResponses, relay, toChatCompletion } from "steadystream/openai"
import { describe, expect, test } from "vitest"
import { all, chat, events, HELLO, rejection, within, DONE, STOP } from "../../support/streams.ts"
import { silenceReports } from "../../support/silence-reports.ts"

silenceReports()

describe("whatever a source throws", () => {
  const deep = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`
  const nested: [string, (depth: number) => string][] = [
    [
      "arguments",
      (depth) =>
        `{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":${deep(depth)}}}]}}]}`,
    ],
    ["an unknown field", (depth) => `{"choices":[],"odd":${deep(depth)}}`],
  ]
  test.each(nested.flatMap(([what, of]) => [5_000, 100_000].map((depth) => [what, depth, of] as const)))(
    "readChatCompletions() survives %s nested %i deep",
    async (_, depth, of) => {
      const chunks = readChatCompletions(`data: ${of(depth)}\n\n${STOP}${DONE}`)
      const outcome: unknown = await chunks.collect().then(
        (snapshot) => (toChatCompletion(snapshot), "done"),
        (error: unknown) => error,
      )
      expect(outcome === "done" || SseError.is(outcome) ? "done or SseError" : String(outcome)).toBe("done or SseError")
      expect(await within(chunks.ended)).toMatchObject({ reason: outcome === "done" ? "done" : "error" })
    },
  )
  test.each(["readChatCompletions", "readResponses", "relay"] as const)(
    "%s() settles ended after a frozen error",
    async (name) => {
      const frozen = Object.freeze(new Error("frozen"))
      const ours = Object.freeze(await rejection(readChatCompletions(events(chat({ content: "x" }))).collect()))
      for (const error of [frozen, ours]) {
        async function* source() {
          yield HELLO.slice(0, 40)
          throw error
        }
        const chunks =
          name === "relay"
            ? relay(source())
            : name === "readResponses"
              ? readResponses(source())
              : readChatCompletions(source())
        const outcome = await within(
          name === "relay"
            ? all(chunks as AsyncIterable<unknown>)
                .then(() => chunks.ended)
                .then((info) => info.error)
            : rejection(all(chunks as AsyncIterable<unknown>)),
        )
        expect(SseError.is(outcome)).toBe(true)
        expect((outcome as Error).cause ?? outcome).toBe(error)
        expect(await within(chunks.ended)).toMatchObject({ reason: "error" })
      }
    },
  )

  /** An AbortSignal of an old platform, without `reason`. */
  class OldSignal extends EventTarget {
    aborted = false
    onabort = null
    abort() {
      this.aborted = true
      this.dispatchEvent(new Event("abort"))
    }
  }
  const surfaces: [string, (signal: AbortSignal) => Promise<unknown>][] = [
    ["readChatCompletions()", (signal) => readChatCompletions(new ReadableStream(), { signal }).collect()],
    ["readResponses()", (signal) => readResponses(new ReadableStream(), { signal }).collect()],
    [
      "relay()",
      async (signal) => {
        const answer = relay(new ReadableStream(), { signal })
        await all(answer)
        throw (await answer.ended).error
      },
    ],
  ]
  test.each(surfaces)("%s rejects with an AbortError if the signal has no reason", async (_, read) => {
    const signal = new OldSignal()
    const outcome = rejection(read(signal as unknown as AbortSignal))
    setTimeout(() => signal.abort(), 5)
    expect(await within(outcome)).toMatchObject({ name: "AbortError" })
  })
})
