import type { IncomingMessage, ServerResponse } from "node:http"
import { assertType, test } from "vitest"
import { defineEvents, type SseEventInit, text, type } from "steadystream"
import { sendEventStream } from "steadystream/node"
import { eventStreamResponse } from "steadystream/server"

const events = defineEvents({ delta: text(), done: type<{ tokens: number }>() })
declare const request: IncomingMessage
declare const response: ServerResponse

test("send() of a contract takes each event of it", () => {
  const sent = eventStreamResponse(
    async (session) => {
      await session.send({ event: "delta", data: "x" })
      await session.send({ event: "done", data: { tokens: 1 } })
      await session.send({ comment: "x" })
    },
    { events },
  )
  assertType<Response>(sent)
})

test("send() of a contract refuses the payload of another event", () => {
  assertType<Response>(eventStreamResponse(async (session) => session.send({ comment: "x" }), { events }))
  eventStreamResponse(
    async (session) => {
      // @ts-expect-error -- the data of done is an object
      await session.send({ event: "done", data: "x" })
      // @ts-expect-error -- no event of the contract
      await session.send({ event: "nope", data: "x" })
      // @ts-expect-error -- the data is missing
      await session.send({ event: "done" })
    },
    { events },
  )
  void sendEventStream(
    request,
    response,
    async (session) => {
      // @ts-expect-error -- the data of done is an object
      await session.send({ event: "done", data: "x" })
      // @ts-expect-error -- no event of the contract
      await session.send({ event: "nope", data: "x" })
    },
    { events },
  )
})

test("eventStreamResponse() refuses an array with the payload of another event", () => {
  assertType<Response>(eventStreamResponse([{ event: "done", data: { tokens: 1 } }], { events }))
  // @ts-expect-error -- the data of done is an object
  eventStreamResponse([{ event: "done", data: "x" }], { events })
  // @ts-expect-error -- no event of the contract
  eventStreamResponse([{ event: "nope", data: "x" }], { events })
  // @ts-expect-error -- the data of done is an object
  void sendEventStream(request, response, [{ event: "done", data: "x" }], { events })
})

async function* right() {
  yield { event: "done" as const, data: { tokens: 1 } }
}
async function* wrongPayload() {
  yield { event: "done" as const, data: "x" }
}
async function* wrongName() {
  yield { event: "nope" as const, data: 5 }
}
function* wrongSync() {
  yield { event: "done" as const, data: "x" }
}
declare const wrongStream: ReadableStream<{ event: "done"; data: string }>

test("eventStreamResponse() refuses generators and streams with another payload", () => {
  assertType<Response>(eventStreamResponse(right(), { events }))
  // @ts-expect-error -- the data of done is an object
  eventStreamResponse(wrongPayload(), { events })
  // @ts-expect-error -- no event of the contract
  eventStreamResponse(wrongName(), { events })
  // @ts-expect-error -- the data of done is an object
  eventStreamResponse(wrongSync(), { events })
  // @ts-expect-error -- the data of done is an object
  eventStreamResponse(wrongStream, { events })
  // @ts-expect-error -- the data of done is an object
  void sendEventStream(request, response, wrongPayload(), { events })
  // @ts-expect-error -- no event of the contract
  void sendEventStream(request, response, wrongName(), { events })
})

test("eventStreamResponse() refuses a handler that returns events with another payload", () => {
  assertType<Response>(eventStreamResponse(() => right(), { events }))
  // @ts-expect-error -- the data of done is an object
  eventStreamResponse(() => wrongPayload(), { events })
  // @ts-expect-error -- no event of the contract
  eventStreamResponse(async function* () { yield { event: "nope", data: 5 } }, { events }) // prettier-ignore
  // @ts-expect-error -- the data of done is an object
  eventStreamResponse(async () => wrongStream, { events })
  // @ts-expect-error -- no event of the contract
  void sendEventStream(request, response, async function* () { yield { event: "nope", data: 5 } }, { events }) // prettier-ignore
})

test("eventStreamResponse() refuses data that is no text if there is no contract", () => {
  assertType<Response>(eventStreamResponse([{ data: "x" }]))
  // @ts-expect-error -- data is text
  eventStreamResponse([{ data: 5 }])
  // @ts-expect-error -- data is text
  eventStreamResponse(async function* () { yield { data: 5 } }) // prettier-ignore
  // @ts-expect-error -- data is text
  eventStreamResponse(async (session) => session.send({ data: 5 }))
})

test("encode() of a contract refuses the payload of another event", () => {
  assertType<SseEventInit>(events.encode({ event: "done", data: { tokens: 1 } }))
  // @ts-expect-error -- the data of done is an object
  events.encode({ event: "done", data: "x" })
  // @ts-expect-error -- the data of done is an object
  void events.encodeAsync({ event: "done", data: "x" })
})
