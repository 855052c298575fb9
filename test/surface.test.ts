import { expect, test } from "vitest"
import * as core from "steadystream"
import * as client from "steadystream/client"
import * as eventsource from "steadystream/eventsource"
import * as node from "steadystream/node"
import * as openai from "steadystream/openai"
import * as redis from "steadystream/redis"
import * as server from "steadystream/server"
import * as testing from "steadystream/testing"
import * as vitest from "steadystream/testing/vitest"

// Every value that users can import. A change here is a changeset.
test("steadystream exports what its surface file says, entry by entry", () => {
  const names = Object.entries({ core, client, eventsource, openai, server, node, redis, testing, vitest }).map(
    ([entry, module]) => `${entry}: ${Object.keys(module).toSorted().join(" ")}`,
  )
  expect(names).toMatchInlineSnapshot(`
    [
      "core: SseConnectionError SseEncoderStream SseError SseLimitError SseMalformedError SseNotAStreamError SseParser SseParserStream SseProviderError SseResponseError SseRetryError SseTimeoutError SseTruncatedError SseValidationError codec defineEvents encodeComment encodeEvent encodeRetry readEvents text type",
      "client: measureAttempt shareAcrossTabs subscribe",
      "eventsource: EventSource",
      "openai: ChunkEncoderStream DONE chatCompletionChunks chunkResponse encodeChunk encodeChunks encodeError isChunkStreamError readChatCompletions readChunks readCompletions readResponses relay responseEvents toChatCompletion",
      "server: SseSessionError SseStoreError createAnswers createChannels eventStreamResponse memoryStore",
      "node: sendAnswer sendChannels sendEventStream",
      "redis: redisStore",
      "testing: ManualClock chunkings everyCut formatEntry formatRecording mutate parseRecording record replay scriptedFetch startFaultServer startReplayServer storeContract",
      "vitest: sseTest",
    ]
  `)
})
