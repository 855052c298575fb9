import { codec, defineEvents, type SseEvent, SseValidationError, text, type } from "steadystream"
import { describe, expect, test } from "vitest"
import { z } from "zod"
import { failure } from "./collect.ts"
import { schemaOf, tickSchemas } from "./schemas.ts"

const raw = (event: string, data: string): SseEvent => ({ event, data, id: "7", lastEventId: "7" })

describe.each(Object.entries(tickSchemas))("decode() with %s", (_, schema) => {
  const events = defineEvents({ tick: schema })

  test("decode() returns the output, with the event's own id and cursor", () => {
    expect(events.decode(raw("tick", '{"at":"12"}'))).toEqual({ ...raw("tick", ""), data: { at: 12 } })
  })

  test("decode() rejects data that the schema rejects, with its issues, the name and the cursor", () => {
    const error = failure(() => events.decode(raw("tick", '{"at":"noon"}')))
    expect(error).toMatchObject({ code: "validation", retryable: false, event: "tick", lastEventId: "7" })
    expect(error.message).toBe('Cannot read event "tick": "data" must match its schema (1 issue)')
    expect(error.issues).toHaveLength(1)
    expect(error.cause).toBeUndefined()
  })
})

test("decode() rejects data that is not JSON, with a SyntaxError as its cause", () => {
  const events = defineEvents({ any: type<unknown>(), tick: z.unknown() })
  for (const name of ["any", "tick"]) {
    for (const data of ["{", " ", "undefined", "[1,]", "NaN", "'a'", "pings"]) {
      const error = failure(() => events.decode(raw(name, data)))
      expect(error.message).toBe(`Cannot read event "${name}": "data" must be JSON`)
      expect(error.cause).toBeInstanceOf(SyntaxError)
      expect(error.issues).toEqual([{ message: "must be JSON" }])
    }
  }
})

test("decode() returns text unchanged", () => {
  const events = defineEvents({ log: text() })
  for (const data of ["", "{", " a\nb ", "\u2028"]) expect(events.decode(raw("log", data))).toEqual(raw("log", data))
})

test("decode() runs the codec's schema after the codec", () => {
  const events = defineEvents({
    tick: codec({
      schema: z.object({ at: z.string().regex(/^\d+$/).transform(Number) }),
      encode: (data) => data.at,
      decode: (at) => ({ at }),
    }),
  })
  expect(events.decode(raw("tick", "12"))).toMatchObject({ data: { at: 12 } })
  expect(failure(() => events.decode(raw("tick", "noon"))).issues).toHaveLength(1)
})

test("decode() wraps the error of a codec or a schema in an SseValidationError", () => {
  const reason = new Error("reason")
  const fails = (): never => {
    throw reason
  }
  const events = defineEvents({ one: codec({ encode: String, decode: fails }), two: schemaOf(fails) })
  const error = failure(() => events.decode(raw("one", "1")))
  expect(error.message).toBe('Cannot read event "one": "data" must be valid for its codec')
  expect(error.cause).toBe(reason)
  expect(failure(() => events.decode(raw("two", "1"))).cause).toBe(reason)
})

test("decode() returns a promise if the schema does", async () => {
  const events = defineEvents({ tick: z.number().refine((value) => Promise.resolve(value > 0)) })
  await expect(events.decode(raw("tick", "1"))).resolves.toMatchObject({ event: "tick", data: 1 })
  await expect(events.decode(raw("tick", "-1"))).rejects.toThrow(SseValidationError)
})

test("decode() wraps a rejection of the schema in an SseValidationError", async () => {
  const reason = new Error("reason")
  const events = defineEvents({ tick: schemaOf(() => Promise.reject(reason)) })
  await expect(events.decode(raw("tick", "1"))).rejects.toMatchObject({ code: "validation", cause: reason })
})

test("decode() works without its receiver", () => {
  const { decode } = defineEvents({ log: text() })
  expect([raw("log", "text")].map(decode)).toEqual([raw("log", "text")])
})

describe("the option unknown", () => {
  const members = { log: text(), "a b": text() }

  test("decode() skips unknown events by default", () => {
    expect(defineEvents(members).decode(raw("other", "1"))).toBeUndefined()
    expect(defineEvents(members, { unknown: "skip" }).decode(raw("message", "1"))).toBeUndefined()
  })

  test('decode() with unknown: "error" rejects them without naming them in the message', () => {
    const error = failure(() => defineEvents(members, { unknown: "error" }).decode(raw("s3cret", "1")))
    expect(error.message).toBe('Cannot read event: its name must be one of the contract: "log", "a b"')
    expect(error).toMatchObject({ event: "s3cret", lastEventId: "7" })
  })

  test("decode() passes the raw event to an unknown function and skips the event", () => {
    const seen: SseEvent[] = []
    const events = defineEvents(members, { unknown: (event) => void seen.push(event) })
    expect(events.decode(raw("other", "1"))).toBeUndefined()
    expect(seen).toEqual([raw("other", "1")])
  })
})

describe("the option invalid", () => {
  const members = { tick: z.number(), late: z.number().refine((value) => Promise.resolve(value > 0)) }

  test('decode() with invalid: "skip" skips invalid events, synchronously and asynchronously', async () => {
    const events = defineEvents(members, { invalid: "skip" })
    expect(events.decode(raw("tick", "{"))).toBeUndefined()
    expect(events.decode(raw("tick", '"a"'))).toBeUndefined()
    await expect(events.decode(raw("late", "-1"))).resolves.toBeUndefined()
    expect(events.decode(raw("tick", "1"))).toMatchObject({ data: 1 })
  })

  test("decode() passes the error to an invalid function and skips the event", () => {
    const seen: SseValidationError[] = []
    const events = defineEvents(members, { invalid: (error) => void seen.push(error) })
    expect(events.decode(raw("tick", '"a"'))).toBeUndefined()
    expect(seen.map((error) => [error.event, error.lastEventId])).toEqual([["tick", "7"]])
  })

  test("invalid does not affect encoding", () => {
    const events = defineEvents(members, { invalid: "skip" })
    expect(() => events.encode({ event: "tick", data: "a" as never })).toThrow(SseValidationError)
  })
})

test("decode() treats falsy issues as success", () => {
  const validate = () => ({ value: 1, issues: null })
  const events = defineEvents({ message: { "~standard": { version: 1, vendor: "test", validate } } as never })
  const event = { event: "message", data: "1", id: undefined, lastEventId: "" }
  expect(events.decode(event)).toEqual({ ...event, data: 1 })
})
