import { defineEvents, readEvents, type } from "steadystream"
import { subscribe } from "steadystream/client"
import { encodeChunks, readChatCompletions, relay } from "steadystream/openai"
import { describe, expect, test } from "vitest"
import { all, eventStream, rejection } from "../support/streams.ts"

/** A signal without a reason, as old platforms have it. */
function abortedSignal(): AbortSignal {
  const { signal } = new AbortController()
  Object.defineProperty(signal, "aborted", { value: true })
  return signal
}

const never = () => new ReadableStream<never>()
const events = defineEvents({ message: type() })

describe("a signal without a reason", () => {
  test.each<[string, (signal: AbortSignal) => Promise<unknown>]>([
    ["readEvents()", (signal) => all(readEvents(never(), { signal }))],
    ["readEvents() with a contract", (signal) => all(readEvents("data: 1\n\n", { signal, events }))],
    ["subscribe()", (signal) => all(subscribe(async () => eventStream(never()), { signal }))],
    ["readChatCompletions()", (signal) => readChatCompletions(never(), { signal }).collect()],
    ["encodeChunks()", (signal) => new Response(encodeChunks(never(), { signal })).text()],
    [
      "relay()",
      async (signal) => {
        const answer = relay(never(), { signal, onError: () => {} })
        await new Response(answer.toReadableStream()).text()
        throw (await answer.ended).error
      },
    ],
  ])("%s rejects with an AbortError", async (_, read) => {
    expect(await rejection(read(abortedSignal()))).toMatchObject({ name: "AbortError" })
  })
})
