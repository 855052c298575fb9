import { expect, test } from "vitest"
import * as core from "ssekit"
import * as client from "ssekit/client"
import * as eventsource from "ssekit/eventsource"
import * as node from "ssekit/node"
import * as openai from "ssekit/openai"
import * as server from "ssekit/server"
import * as testing from "ssekit/testing"

// Every value that users can import. A change here is a changeset.
test("ssekit exports what its surface says, entry by entry", () => {
  const names = Object.entries({ core, client, eventsource, openai, server, node, testing }).map(
    ([entry, module]) => `${entry}: ${Object.keys(module).toSorted().join(" ")}`,
  )
  expect(names).toMatchInlineSnapshot(`
    [
      "core: SseConnectionError SseEncoderStream SseError SseLimitError SseMalformedError SseNotAStreamError SseParser SseParserStream SseProviderError SseResponseError SseRetryError SseTimeoutError SseTruncatedError SseValidationError codec defineEvents encodeComment encodeEvent encodeRetry readEvents text type",
      "client: subscribe",
      "eventsource: EventSource",
      "openai: ChunkEncoderStream DONE chatCompletionChunks chunkResponse encodeChunk encodeChunks encodeError isChunkStreamError readChatCompletions readChunks readCompletions readResponses relay responseEvents toChatCompletion",
      "server: eventStreamResponse",
      "node: sendEventStream",
      "testing: ManualClock chunkings scriptedFetch startFaultServer",
    ]
  `)
})
