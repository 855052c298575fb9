import { createOpenAICompatible } from "@ai-sdk/openai-compatible"
import { isStepCount, streamText, tool } from "ai"
import { describe, expect, test } from "vitest"
import { z } from "zod"
import type { AnswerDelta, AnswerSource } from "steadystream/openai"
import { failing, ManualSource } from "../openai/writing/stream-reading.ts"
import { servers } from "./answer-server.ts"
import { ways } from "./written-answer.ts"
import { silenceReports } from "../support/silence-reports.ts"

silenceReports()

const TEXT = "Hé\n\u2028“😀” data: [DONE]\r\n\r\n"
const ANSWER: readonly AnswerDelta[] = [
  { reasoning: "Hm. " },
  { reasoning: "Yes." },
  ...TEXT.match(/[^]{1,3}/g)!,
  { usage: { inputTokens: 3, outputTokens: 5, cachedTokens: 1, reasoningTokens: 2 } },
]

describe.each(servers)("on %s", (_, start) => {
  describe.each(ways)("%s", (way, write) => {
    const ask = async (
      source: (last: string) => AnswerSource,
      options: Partial<Parameters<typeof streamText>[0]> = {},
    ) => {
      const baseURL = await start(({ body }) =>
        write("chat", source(body.messages!.at(-1)!.role), { includeUsage: true }),
      )
      const provider = createOpenAICompatible({ name: "steadystream", baseURL, apiKey: "none", includeUsage: true })
      return streamText({
        model: provider("parrot"),
        prompt: "Hi",
        maxRetries: 0,
        onError: () => {},
        ...(options as object),
      })
    }

    test(`${way} has its text, reasoning, usage and end read by the ai package`, async () => {
      const result = await ask(() => ANSWER)
      const pieces: string[] = []
      for await (const piece of result.textStream) pieces.push(piece)
      expect(pieces.length).toBeGreaterThan(3)
      expect(pieces.join("")).toBe(TEXT)
      expect(await result.reasoningText).toBe("Hm. Yes.")
      expect(await result.finishReason).toBe("stop")
      expect(await result.usage).toMatchObject({ inputTokens: 3, outputTokens: 5, totalTokens: 8 })
      expect(await result.response).toMatchObject({ id: "chatcmpl-1", modelId: "parrot" })
    })

    test(`${way} has its tool calls read and run by the ai package`, async () => {
      const call = { toolCall: { id: "call_1", name: "weather", arguments: '{"city":' } }
      const calls: AnswerDelta[] = ["One moment", call, { toolCall: { arguments: '"Oslo"}' } }]
      const weather = tool({ inputSchema: z.object({ city: z.string() }), execute: ({ city }) => `rain in ${city}` })
      const result = await ask((last) => (last === "tool" ? "It rains" : calls), {
        tools: { weather },
        stopWhen: isStepCount(2),
      })
      await result.consumeStream()
      const [first, second] = await result.steps
      expect(first!.finishReason).toBe("tool-calls")
      expect(first!.toolCalls).toMatchObject([{ toolCallId: "call_1", toolName: "weather", input: { city: "Oslo" } }])
      expect(first!.toolResults).toMatchObject([{ output: "rain in Oslo" }])
      expect(second!.text).toBe("It rains")
    })

    test(`${way} is an error to the ai package if its source throws`, async () => {
      const result = await ask(() => failing(["Hé"], new Error("secret")))
      const parts: unknown[] = []
      for await (const part of result.fullStream) parts.push(part)
      expect(parts).toContainEqual(expect.objectContaining({ type: "text-delta", text: "Hé" }))
      expect(parts).toContainEqual(expect.objectContaining({ type: "error" }))
      expect(JSON.stringify(parts)).not.toContain("secret")
      expect(await result.finishReason).toBe("error")
    })

    test(`${way} returns its source when the ai package aborts`, async () => {
      const source = new ManualSource<string>()
      const abort = new AbortController()
      const result = await ask(() => source, { abortSignal: abort.signal })
      const reading = result.consumeStream()
      await expect.poll(() => source.asked).toBe(1)
      abort.abort()
      await reading
      await expect.poll(() => source.returned).toBe(1)
    })
  })
})
