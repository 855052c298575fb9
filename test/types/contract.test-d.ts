import type { IncomingMessage, ServerResponse } from "node:http"
import { type } from "arktype"
import type * as Published from "@standard-schema/spec"
import * as v from "valibot"
import { assertType, describe, expectTypeOf, test } from "vitest"
import { z } from "zod"
import {
  codec,
  defineEvents,
  encodeEvent,
  type EventContract,
  type EventInitOf,
  type EventOf,
  readEvents,
  type SseControlInit,
  type SseEvent,
  type SseEventInit,
  type SseEventIterator,
  type StandardSchemaV1,
  text,
  type as json,
} from "steadystream"
import { subscribe, type Subscription } from "steadystream/client"
import { sendEventStream } from "steadystream/node"
import { eventStreamResponse } from "steadystream/server"

const events = defineEvents({
  // Written as a number or a numeric string, read as a number.
  tick: z.object({ at: z.union([z.number(), z.string()]).transform(Number) }),
  price: v.object({ amount: v.pipe(v.string(), v.transform(Number)) }),
  user: type({ name: "string", "age?": "number" }),
  progress: json<{ done: number; total: number }>(),
  log: text(),
  due: codec({ encode: (data: Date) => data.toISOString(), decode: (source) => new Date(source) }),
  secret: codec({
    schema: z.object({ length: z.string().transform((value) => value.length) }),
    encode: (data) => btoa(data.length),
    decode: (source) => ({ length: atob(source) }),
  }),
})

type Event = EventOf<typeof events>
type Init = EventInitOf<typeof events>
type DataOf<Name extends Event["event"]> = Extract<Event, { event: Name }>["data"]
type InputOf<Name extends Event["event"]> = Extract<Init, { event: Name }>["data"]

describe("EventOf", () => {
  test("EventOf is a union discriminated by the name", () => {
    expectTypeOf<Event["event"]>().toEqualTypeOf<"tick" | "price" | "user" | "progress" | "log" | "due" | "secret">()
    expectTypeOf<Extract<Event, { event: "log" }>>().toEqualTypeOf<SseEvent<"log", string>>()
  })

  test("EventOf holds the outputs of the schemas", () => {
    expectTypeOf<DataOf<"tick">>().toEqualTypeOf<{ at: number }>()
    expectTypeOf<DataOf<"price">>().toEqualTypeOf<{ amount: number }>()
    expectTypeOf<DataOf<"user">>().toEqualTypeOf<{ name: string; age?: number }>()
    expectTypeOf<DataOf<"progress">>().toEqualTypeOf<{ done: number; total: number }>()
    expectTypeOf<DataOf<"log">>().toEqualTypeOf<string>()
    expectTypeOf<DataOf<"due">>().toEqualTypeOf<Date>()
    expectTypeOf<DataOf<"secret">>().toEqualTypeOf<{ length: number }>()
  })

  test("EventOf makes a switch exhaustive", () => {
    function show(event: EventOf<EventContract<{ one: number; two: string }>>): string {
      switch (event.event) {
        case "one":
          return event.data.toFixed()
        case "two":
          return event.data.trim()
        default:
          return event satisfies never
      }
    }
    function forget(event: EventOf<EventContract<{ one: number; two: string }>>): string {
      switch (event.event) {
        case "one":
          return ""
        default:
          // @ts-expect-error "two" is not handled
          return event satisfies never
      }
    }
    assertType([show, forget])
  })

  test("EventOf does not depend on the policies", () => {
    const strict = defineEvents({ log: text() }, { unknown: (event) => assertType<SseEvent>(event), invalid: "skip" })
    expectTypeOf<EventOf<typeof strict>>().toEqualTypeOf<SseEvent<"log", string>>()
  })
})

describe("EventInitOf", () => {
  test("EventInitOf holds the inputs of the schemas", () => {
    expectTypeOf<InputOf<"tick">>().toEqualTypeOf<{ at: number | string }>()
    expectTypeOf<InputOf<"price">>().toEqualTypeOf<{ amount: string }>()
    expectTypeOf<InputOf<"due">>().toEqualTypeOf<Date>()
    expectTypeOf<InputOf<"secret">>().toEqualTypeOf<{ length: string }>()
  })

  test("EventInitOf allows the event message without a name", () => {
    const plain = defineEvents({ message: text(), other: json<number>() })
    plain.encode({ data: "text" })
    plain.encode({ event: "message", data: "text" })
    // @ts-expect-error only `message` may be unnamed
    plain.encode({ data: 1 })
  })
})

describe("encode()", () => {
  test("encode() accepts only the names and inputs of the contract", () => {
    expectTypeOf(
      events.encode({ event: "tick", data: { at: "12" }, id: "7", retry: 10, comment: "c" }),
    ).toEqualTypeOf<SseEventInit>()
    expectTypeOf(events.encodeAsync({ event: "log", data: "text" })).toEqualTypeOf<Promise<SseEventInit>>()
    // @ts-expect-error no such name
    events.encode({ event: "tock", data: { at: 1 } })
    // @ts-expect-error the payload of another event
    events.encode({ event: "tick", data: "text" })
    // @ts-expect-error the output, not the input
    events.encode({ event: "price", data: { amount: 1 } })
    // @ts-expect-error no data
    events.encode({ event: "tick" })
    // @ts-expect-error no such field
    events.encode({ event: "log", data: "text", lastEventID: "7" })
  })

  test("encode() accepts control blocks", () => {
    events.encode({ retry: 1000 })
    events.encode({ id: "7", comment: "text" })
    events.encode({} satisfies SseControlInit)
  })

  test("encode() returns the input of encodeEvent(), and works without its receiver", () => {
    const inits: Init[] = [{ event: "log", data: "text" }]
    expectTypeOf(inits.map(events.encode).map(encodeEvent)).toEqualTypeOf<string[]>()
  })
})

describe("readEvents()", () => {
  test("readEvents() yields the events of the contract", async () => {
    const reader = readEvents("", { events })
    expectTypeOf(reader).toEqualTypeOf<SseEventIterator<Event>>()
    for await (const event of reader) {
      if (event.event === "due") expectTypeOf(event.data).toEqualTypeOf<Date>()
      // @ts-expect-error no such name
      if (event.event === "open") continue
    }
  })

  test("readEvents() yields raw events without a contract", () => {
    expectTypeOf(readEvents("")).toEqualTypeOf<SseEventIterator>()
    expectTypeOf(readEvents("", { lastEventId: "7" })).toEqualTypeOf<SseEventIterator>()
  })

  test("readEvents() accepts no type argument without a contract", () => {
    // @ts-expect-error no contract
    readEvents<Event>("", {})
    const maybe = undefined as typeof events | undefined
    expectTypeOf(readEvents("", { events: maybe })).toEqualTypeOf<SseEventIterator<Event | SseEvent>>()
    // @ts-expect-error not what is asked for
    assertType<SseEventIterator<Event>>(readEvents(""))
  })
})

describe("defineEvents()", () => {
  test("defineEvents() accepts only schemas and codecs", () => {
    // @ts-expect-error not a member
    defineEvents({ tick: "string" })
    // @ts-expect-error no decode
    defineEvents({ tick: { encode: String } })
    // @ts-expect-error no such policy
    defineEvents({ log: text() }, { unknown: "ignore" })
  })

  test("defineEvents() fits a correct type annotation, and no other", () => {
    interface Tick {
      at: number
    }
    const annotated: EventContract<{ tick: Tick; log: string }> = defineEvents({ tick: json<Tick>(), log: text() })
    const transforming: EventContract<{ tick: number }, { tick: string }> = defineEvents({
      tick: z.string().transform(Number),
    })
    assertType([annotated, transforming])
    // @ts-expect-error another output
    assertType<EventContract<{ tick: string }>>(defineEvents({ tick: json<number>() }))
    // @ts-expect-error the input differs from the output
    assertType<EventContract<{ tick: number }>>(defineEvents({ tick: z.string().transform(Number) }))
    // @ts-expect-error an event is missing
    assertType<EventContract<{ tick: number }>>(defineEvents({ tick: json<number>(), log: text() }))
  })

  test("defineEvents() keeps names that every object has", () => {
    const unsafe = defineEvents({ ["__proto__"]: text(), constructor: json<number>(), toString: text() })
    expectTypeOf<EventOf<typeof unsafe>["event"]>().toEqualTypeOf<"__proto__" | "constructor" | "toString">()
  })
})

describe("subscribe() with a contract", () => {
  test("subscribe() passes the union of the contract to loops and handlers", () => {
    const subscription = subscribe("/stream", { events, until: "[DONE]" })
    expectTypeOf(subscription).toEqualTypeOf<Subscription<Event>>()
    expectTypeOf<Parameters<Parameters<typeof subscription.listen>[0]["onEvent"]>[0]>().toEqualTypeOf<Event>()
    expectTypeOf(subscribe("/stream")).toEqualTypeOf<Subscription>()
    // @ts-expect-error no contract
    subscribe("/stream", { events: {} })
  })
})

describe("EventEncoder", () => {
  const respond = eventStreamResponse

  test("EventEncoder types a source", () => {
    respond([{ event: "log", data: "text" }, { retry: 10 }], { events })
    respond([{ data: "text" }])
    respond([{ event: "any", data: "text" }], { keepAlive: 1000 })
    // @ts-expect-error without a contract the data is text
    respond([{ event: "log", data: { at: 1 } }], { keepAlive: 1000 })
    // @ts-expect-error a wrong payload
    respond([{ event: "log", data: 1 }], { events })
    // @ts-expect-error a wrong name
    respond([{ event: "tock", data: "text" }], { events })
  })

  test("EventEncoder types the source of sendEventStream()", () => {
    const [request, response] = [{} as IncomingMessage, {} as ServerResponse]
    void sendEventStream(request, response, [{ event: "log", data: "text" }, { id: "1" }], { events })
    void sendEventStream(request, response, (session) => session.send({ event: "tick", data: { at: 1 } }), { events })
    // @ts-expect-error a wrong payload
    void sendEventStream(request, response, [{ event: "log", data: 1 }], { events })
    // @ts-expect-error a wrong name
    void sendEventStream(request, response, (session) => session.send({ event: "tock", data: "" }), { events })
    // @ts-expect-error without a contract the data is text
    void sendEventStream(request, response, [{ data: { at: 1 } }])
  })

  test("EventEncoder types a session", () => {
    respond((session) => session.send({ event: "tick", data: { at: 1 } }), { events })
    respond((session) => session.send({ data: "text" }))
    // @ts-expect-error a wrong payload
    respond((session) => session.send({ event: "tick", data: { at: true } }), { events })
  })
})

test("StandardSchemaV1 is the published interface", () => {
  expectTypeOf<StandardSchemaV1<string, number>>().toExtend<Published.StandardSchemaV1<string, number>>()
  expectTypeOf<Published.StandardSchemaV1<string, number>>().toExtend<StandardSchemaV1<string, number>>()
})
