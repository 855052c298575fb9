import type { IncomingMessage, ServerResponse } from "node:http"
import { assertType, expectTypeOf, test } from "vitest"
import { defineEvents, type SseEvent, text, type } from "steadystream"
import { sendChannels } from "steadystream/node"
import { type Channels, createChannels, type PublishedEvent } from "steadystream/server"

const events = defineEvents({ delta: text(), done: type<{ tokens: number }>() })
const channels = createChannels({ events })
const plain = createChannels()
declare const request: IncomingMessage
declare const response: ServerResponse

test("publish() of a contract takes each event of it", () => {
  assertType<Promise<PublishedEvent>>(channels.publish("a", { event: "delta", data: "x" }))
  assertType<Promise<PublishedEvent>>(channels.publish("a", { event: "done", data: { tokens: 1 }, retry: 5 }))
})

test("publish() of a contract refuses wrong names and payloads", () => {
  assertType<Promise<PublishedEvent>>(channels.publish("a", { event: "delta", data: "x" }))
  // @ts-expect-error -- the data of done is an object
  void channels.publish("a", { event: "done", data: "x" })
  // @ts-expect-error -- the data of delta is text
  void channels.publish("a", { event: "delta", data: 5 })
  // @ts-expect-error -- no event of the contract
  void channels.publish("a", { event: "nope", data: "x" })
  // @ts-expect-error -- the data is missing
  void channels.publish("a", { event: "done" })
  // @ts-expect-error -- the name is missing
  void channels.publish({ event: "delta", data: "x" })
})

test("publish() refuses an ID, which is the place of the event", () => {
  assertType<Promise<PublishedEvent>>(plain.publish("a", { data: "x" }))
  // @ts-expect-error -- the ID is set by the channel
  void plain.publish("a", { data: "x", id: "1" })
  // @ts-expect-error -- the ID is set by the channel
  void channels.publish("a", { event: "delta", data: "x", id: "1" })
})

test("publish() without a contract refuses data that is no text", () => {
  assertType<Promise<PublishedEvent>>(plain.publish("a", { event: "any", data: "x" }))
  // @ts-expect-error -- data is text
  void plain.publish("a", { data: 5 })
  // @ts-expect-error -- data is text
  void plain.publish("a", { data: { tokens: 1 } })
})

test("filter of a contract has the events that are read", () => {
  void channels.respond(new Request("http://x/"), "a", {
    filter(event, session) {
      assertType<string>(session.lastEventId)
      if (event.event === "done") {
        expectTypeOf(event.data).toEqualTypeOf<{ tokens: number }>()
        return event.data.tokens > 1
      }
      expectTypeOf(event.event).toEqualTypeOf<"delta">()
      // @ts-expect-error -- the data of delta is text
      return event.data.tokens > 1
    },
    slow: { coalesce: (event) => event.event },
  })
  void sendChannels(channels, request, response, ["a", "b"], {
    filter: (event) => event.event === "delta" && event.data.startsWith("x"),
  })
  void sendChannels(channels, request, response, "a", {
    // @ts-expect-error -- text has no such member
    filter: (event) => event.event === "delta" && event.data.tokens > 1,
  })
  // @ts-expect-error -- no event of the contract
  void channels.respond(new Request("http://x/"), "a", { filter: (event) => event.event === "nope" })
  // @ts-expect-error -- a filter must not be async
  void channels.respond(new Request("http://x/"), "a", { filter: async () => true })
  // @ts-expect-error -- a key is text
  void channels.respond(new Request("http://x/"), "a", { slow: { coalesce: () => 5 } })
})

test("filter without a contract has text", () => {
  void plain.respond(new Request("http://x/"), "a", {
    filter(event) {
      expectTypeOf(event).toEqualTypeOf<SseEvent>()
      return event.data === "x"
    },
  })
})

test("onOpen of a contract has a session that sends the events of the contract", () => {
  void channels.respond(new Request("http://x/"), "a", {
    onOpen(session) {
      assertType<Promise<void>>(session.send({ event: "done", data: { tokens: 1 } }))
      // @ts-expect-error -- the data of done is an object
      void session.send({ event: "done", data: "x" })
      // @ts-expect-error -- no event of the contract
      void session.send({ event: "nope", data: "x" })
    },
  })
  void sendChannels(channels, request, response, "a", {
    // @ts-expect-error -- the data of done is an object
    onOpen: (session) => void session.send({ event: "done", data: "x" }),
  })
})

test("createChannels() infers the contract, which can be annotated", () => {
  assertType<Channels>(plain)
  expectTypeOf(plain).toEqualTypeOf<Channels>()
  // @ts-expect-error -- events of any name cannot be published in the channels of a contract
  assertType<Channels>(channels)
})

test("options are refused that are none", () => {
  assertType<Channels>(createChannels({ keepAlive: 5, maxDuration: 0, maxSessions: 5, writeTimeout: 5 }))
  // @ts-expect-error -- no such option
  createChannels({ retention: {} })
  // @ts-expect-error -- a contract has encodeAsync() and decode()
  createChannels({ events: {} })
  // @ts-expect-error -- no such value
  void plain.respond(new Request("http://x/"), "a", { onGap: "throw" })
  // @ts-expect-error -- no such value
  void plain.respond(new Request("http://x/"), "a", { since: "begin" })
  // @ts-expect-error -- no such value
  void plain.respond(new Request("http://x/"), "a", { slow: "drop" })
})
