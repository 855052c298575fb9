/* Contenders that read a response in a loop over its events. */
import { EventSourceParserStream } from "eventsource-parser/stream"
import { events as fetchEventStream } from "fetch-event-stream"
import { parseServerSentEvents } from "parse-sse"
import { type Contender, steadystream, touch } from "./contender.ts"

const { readEvents } = steadystream

/** Makes a response whose body returns one chunk per read. */
function respond(chunks: readonly Uint8Array[]): Response {
  let index = 0
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (index < chunks.length) controller.enqueue(chunks[index++]! as Uint8Array<ArrayBuffer>)
      else controller.close()
    },
  })
  return new Response(body, { headers: { "content-type": "text/event-stream" } })
}

const ours: Contender<Uint8Array> = {
  name: "steadystream",
  async run(chunks) {
    let sum = 0
    for await (const event of readEvents(respond(chunks))) sum += touch(event.data)
    return sum
  },
  async report(chunks, report) {
    for await (const { event, data } of readEvents(respond(chunks))) report(event, data)
  },
}

function eventsourceParserStream(chunks: readonly Uint8Array[]) {
  return respond(chunks).body!.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
}

const streams: Contender<Uint8Array> = {
  name: "TextDecoderStream + EventSourceParserStream",
  async run(chunks) {
    let sum = 0
    for await (const event of eventsourceParserStream(chunks)) sum += touch(event.data)
    return sum
  },
  async report(chunks, report) {
    for await (const { event, data } of eventsourceParserStream(chunks)) report(event, data)
  },
}

const eventStream: Contender<Uint8Array> = {
  name: "fetch-event-stream",
  async run(chunks) {
    let sum = 0
    for await (const event of fetchEventStream(respond(chunks))) sum += touch(event.data ?? "")
    return sum
  },
  async report(chunks, report) {
    for await (const { event, data } of fetchEventStream(respond(chunks))) report(event, data ?? "")
  },
}

const parseSse: Contender<Uint8Array> = {
  name: "parse-sse",
  async run(chunks) {
    let sum = 0
    for await (const event of parseServerSentEvents(respond(chunks))) sum += touch(event.data)
    return sum
  },
  async report(chunks, report) {
    for await (const { type, data } of parseServerSentEvents(respond(chunks))) report(type, data)
  },
}

const readFloor: Contender<Uint8Array> = {
  name: "raw read loop",
  isFloor: true,
  async run(chunks) {
    let sum = 0
    const reader = respond(chunks).body!.getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return sum
      sum += value[0]!
    }
  },
}

export const iterationContenders: Contender<Uint8Array>[] = [ours, streams, eventStream, parseSse, readFloor]
