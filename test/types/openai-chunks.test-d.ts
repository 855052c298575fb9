import type { ChatCompletionChunk, CompletionChunk } from "steadystream/openai"
import { expectTypeOf, test } from "vitest"

test("ChatCompletionChunk says that choices may be missing", () => {
  expectTypeOf<undefined>().toExtend<ChatCompletionChunk["choices"]>()
})

test("CompletionChunk says that choices may be missing", () => {
  expectTypeOf<undefined>().toExtend<CompletionChunk["choices"]>()
})

type Choice = NonNullable<ChatCompletionChunk["choices"]>[number]

test("ChatChunkChoice says that the delta may be missing", () => {
  expectTypeOf<undefined>().toExtend<Choice["delta"]>()
})
