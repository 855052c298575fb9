import { codec, defineEvents, type SseEvent, SseValidationError, text, type } from "steadystream"
import { describe, expect, test } from "vitest"
import { z } from "zod"
import { failure } from "./collect.ts"
import { schemaOf, tickSchemas } from "./schemas.ts"

const raw = (event: string, data: string): SseEvent => ({ event, data, id: "7", lastEventId: "7" })

describe.each(Object.entries(tickSchemas))("decode with %s", (_, schema) => {
  const events = defineEvents({ tick: schema })

  test("decode gives the output, with the event's own id and cursor", () => {
    expect(events.decode(raw("tick", '{"at":"12"}'))).toEqual({ ...raw("tick", ""), data: { at: 12 } })
  })

  test("decode refuses data that the schema refuses, with its issues, the name and the cursor", () => {
    const error = failure(() => events.decode(raw("tick", '{"at":"noon"}')))
    expect(error).toMatchObject({ code: "validation", retryable: false, event: "tick", lastEventId: "7" })
    expect(error.message).toBe('Cannot read event "tick": "data" must match its schema (1 issue)')
    expect(error.issues).toHaveLength(1)
    expect(error.cause).toBeUndefined()
  })
})

test("decode refuses data that is no JSON, with a SyntaxError as cause", () => {
  const events = defineEvents({ any: type<unknown>(), tick: z.unknown() })
  for (const name of ["any", "tick"]) {
    for (const data of ["", "{", "undefined", "[1,]", "NaN", "'a'"]) {
      const error = failure(() => events.decode(raw(name, data)))
      expect(error.message).toBe(`Cannot read event "${name}": "data" must be JSON`)
      expect(error.cause).toBeInstanceOf(SyntaxError)
      expect(error.issues).toEqual([{ message: "must be JSON" }])
    }
  }
})

test("decode gives text as it is", () => {
  const events = defineEvents({ log: text() })
  for (const data of ["", "{", " a\nb ", "\u2028"]) expect(events.decode(raw("log", data))).toEqual(raw("log", data))
})

test("decode asks the schema of a codec after the codec", () => {
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

test("decode makes what a codec or a schema throws an SseValidationError with its cause", () => {
  const reason = new Error("reason")
  const fails = (): never => {
    throw reason
  }
  const events = defineEvents({ one: codec({ encode: String, decode: fails }), two: schemaOf(fails) })
  const error = failure(() => events.decode(raw("one", "1")))
  expect(error.message).toBe('Cannot read event "one": "data" must be what its codec takes')
  expect(error.cause).toBe(reason)
  expect(failure(() => events.decode(raw("two", "1"))).cause).toBe(reason)
})

test("decode answers with a promise where the schema does", async () => {
  const events = defineEvents({ tick: z.number().refine((value) => Promise.resolve(value > 0)) })
  await expect(events.decode(raw("tick", "1"))).resolves.toMatchObject({ event: "tick", data: 1 })
  await expect(events.decode(raw("tick", "-1"))).rejects.toThrow(SseValidationError)
})

test("decode makes a rejection of the schema an SseValidationError with its cause", async () => {
  const reason = new Error("reason")
  const events = defineEvents({ tick: schemaOf(() => Promise.reject(reason)) })
  await expect(events.decode(raw("tick", "1"))).rejects.toMatchObject({ code: "validation", cause: reason })
})

test("decode can be taken off the contract", () => {
  const { decode } = defineEvents({ log: text() })
  expect([raw("log", "text")].map(decode)).toEqual([raw("log", "text")])
})

describe("unknown", () => {
  const members = { log: text(), "a b": text() }

  test("unknown events are skipped by default", () => {
    expect(defineEvents(members).decode(raw("other", "1"))).toBeUndefined()
    expect(defineEvents(members, { unknown: "skip" }).decode(raw("message", "1"))).toBeUndefined()
  })

  test("unknown: error refuses them without naming them in the message", () => {
    const error = failure(() => defineEvents(members, { unknown: "error" }).decode(raw("s3cret", "1")))
    expect(error.message).toBe('Cannot read event: its name must be one of the contract: "log", "a b"')
    expect(error).toMatchObject({ event: "s3cret", lastEventId: "7" })
  })

  test("unknown: a function is given the raw event, which is then skipped", () => {
    const seen: SseEvent[] = []
    const events = defineEvents(members, { unknown: (event) => void seen.push(event) })
    expect(events.decode(raw("other", "1"))).toBeUndefined()
    expect(seen).toEqual([raw("other", "1")])
  })
})

describe("invalid", () => {
  const members = { tick: z.number(), late: z.number().refine((value) => Promise.resolve(value > 0)) }

  test("invalid: skip skips what does not fit, at once and late", async () => {
    const events = defineEvents(members, { invalid: "skip" })
    expect(events.decode(raw("tick", "{"))).toBeUndefined()
    expect(events.decode(raw("tick", '"a"'))).toBeUndefined()
    await expect(events.decode(raw("late", "-1"))).resolves.toBeUndefined()
    expect(events.decode(raw("tick", "1"))).toMatchObject({ data: 1 })
  })

  test("invalid: a function is given the error, and the event is skipped", () => {
    const seen: SseValidationError[] = []
    const events = defineEvents(members, { invalid: (error) => void seen.push(error) })
    expect(events.decode(raw("tick", '"a"'))).toBeUndefined()
    expect(seen.map((error) => [error.event, error.lastEventId])).toEqual([["tick", "7"]])
  })

  test("invalid has nothing to say about what is written", () => {
    const events = defineEvents(members, { invalid: "skip" })
    expect(() => events.encode({ event: "tick", data: "a" as never })).toThrow(SseValidationError)
  })
})

test("decode takes whatever is falsy among issues for success", () => {
  const validate = () => ({ value: 1, issues: null })
  const events = defineEvents({ message: { "~standard": { version: 1, vendor: "test", validate } } as never })
  const event = { event: "message", data: "1", id: undefined, lastEventId: "" }
  expect(events.decode(event)).toEqual({ ...event, data: 1 })
})
