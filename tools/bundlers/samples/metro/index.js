import { encodeEvent, readEvents } from "steadystream"
import { subscribe } from "steadystream/client"
import { EventSource } from "steadystream/eventsource"
import { sendEventStream } from "steadystream/node"
import { chatCompletionChunks, DONE, encodeChunk, readChatCompletions } from "steadystream/openai"
import { redisStore } from "steadystream/redis"
import { eventStreamResponse } from "steadystream/server"
import { scriptedFetch } from "steadystream/testing"

async function* connect() {
  yield encodeEvent({ id: "1", data: "one" })
  for await (const event of readEvents(encodeEvent({ data: "two" }))) yield encodeEvent(event)
}

async function* answer() {
  for await (const chunk of chatCompletionChunks(["three"])) yield encodeChunk(chunk)
  yield DONE
}

async function run() {
  const got = []
  for await (const event of subscribe(connect, { until: "two" })) got.push(event.data)
  for await (const text of readChatCompletions(answer()).textDeltas()) got.push(text)
  for (const entry of [EventSource, sendEventStream, redisStore, eventStreamResponse, scriptedFetch])
    got.push(typeof entry)
  return got.join(" ")
}

globalThis.done = run()
