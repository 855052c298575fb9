import { codec, defineEvents, encodeEvent, readEvents, SseValidationError, text, type } from "steadystream"
import { describe, expect, test } from "vitest"
import { z } from "zod"
import { collect, failure } from "./collect.ts"
import { manualSchema, schemaOf, tickSchemas } from "./schemas.ts"

const any = defineEvents({ any: type<unknown>(), log: text() })

describe.each(Object.entries(tickSchemas))("encode() with %s", (_, schema) => {
  const events = defineEvents({ tick: schema })

  test("encode() writes the input as passed, not the output", () => {
    const init = events.encode({ event: "tick", data: { at: "12" }, id: "7", retry: 10, comment: "c" })
    expect(init).toEqual({ event: "tick", data: '{"at":"12"}', id: "7", retry: 10, comment: "c" })
    expect(encodeEvent(init)).toBe(': c\nevent: tick\nid: 7\nretry: 10\ndata: {"at":"12"}\n\n')
  })

  test("encode() rejects data that the schema rejects", () => {
    const error = failure(() => events.encode({ event: "tick", data: { at: "noon" } }))
    expect(error).toMatchObject({ code: "validation", retryable: false, event: "tick", lastEventId: undefined })
    expect(error.message).toBe('Cannot encode event "tick": "data" must match its schema (1 issue)')
    expect(error.issues).toHaveLength(1)
    const [key] = error.issues[0]!.path!
    expect(typeof key === "object" ? key.key : key).toBe("at")
  })

  test("encodeAsync() behaves as encode() does", async () => {
    expect((await events.encodeAsync({ event: "tick", data: { at: "12" } })).data).toBe('{"at":"12"}')
    await expect(events.encodeAsync({ event: "tick", data: {} as never })).rejects.toThrow(SseValidationError)
  })
})

test("encode() rejects data that JSON cannot represent, without an effect on the next message", () => {
  const circular: Record<string, unknown> = {}
  circular["self"] = circular
  for (const data of [undefined, () => 1, Symbol("s"), 1n, { big: 1n }, circular]) {
    const error = failure(() => any.encode({ event: "any", data }))
    expect(error.message).toBe('Cannot encode event "any": "data" must be JSON')
    expect(error.issues).toEqual([{ message: "must be JSON" }])
    expect(any.encode({ event: "any", data: [1] }).data).toBe("[1]")
  }
  expect(failure(() => any.encode({ event: "any", data: 1n })).cause).toBeInstanceOf(TypeError)
  expect(failure(() => any.encode({ event: "any" } as never)).message).toContain('"data" must be JSON')
})

test("encode() rejects text that is not a string", () => {
  for (const data of [undefined, null, 1, {}, new String("text")]) {
    const error = failure(() => any.encode({ event: "log", data: data as string }))
    expect(error.message).toBe('Cannot encode event "log": "data" must be a string')
  }
})

test("encode() accepts only names of the contract", () => {
  const code = "invalid-field"
  const message = 'Cannot encode event: "event" must be one of the contract: "any", "log"'
  for (const event of ["other", "message", "", undefined, 5, null]) {
    expect(() => any.encode({ event: event as "log", data: "text" })).toThrow(
      expect.objectContaining({ constructor: TypeError, code, message }) as Error,
    )
  }
})

test("encode() treats an event without a name as a message", () => {
  const events = defineEvents({ message: type<number>() })
  for (const init of [{ data: 1 }, { event: "message", data: 1 }, { event: "" as "message", data: 1 }] as const) {
    expect(encodeEvent(events.encode(init))).toBe("data: 1\n\n")
  }
})

test("encode() returns control blocks unchanged", () => {
  expect(any.encode({ retry: 1000 })).toEqual({ retry: 1000 })
  expect(encodeEvent(any.encode({ id: "7", comment: "c" }))).toBe(": c\nid: 7\n\n")
})

test("encode() treats an undefined output as a failed message, not as a control block", () => {
  const events = defineEvents({ message: type<unknown>() })
  expect(failure(() => events.encode({ id: "7", data: undefined })).message).toContain('"data" must be JSON')
})

test("encode() frames any output of a codec", async () => {
  const events = defineEvents({ raw: codec({ encode: (data: string) => data, decode: (source) => source }) })
  const stream = encodeEvent(events.encode({ event: "raw", data: "a\r\nevent: other\rid: 9\n\ndata: b" }))
  const [event, ...rest] = await collect(readEvents(stream, { events }))
  expect(event).toEqual({ event: "raw", data: "a\nevent: other\nid: 9\n\ndata: b", id: undefined, lastEventId: "" })
  expect(rest).toEqual([])
})

test("encode() wraps the error or the non-text output of a codec in an SseValidationError", () => {
  const reason = new Error("reason")
  const events = defineEvents({
    throws: codec<unknown>({
      encode() {
        throw reason
      },
      decode: String,
    }),
    number: codec<unknown>({ encode: () => 1 as never, decode: String }),
  })
  const error = failure(() => events.encode({ event: "throws", data: 1 }))
  expect(error.message).toBe('Cannot encode event "throws": "data" must be valid for its codec')
  expect(error.cause).toBe(reason)
  expect(failure(() => events.encode({ event: "number", data: 1 })).cause).toBeUndefined()
})

test("encode() runs the codec's schema before the codec", () => {
  const asked: unknown[] = []
  const events = defineEvents({
    tick: codec({
      schema: z.object({ at: z.string().transform(Number) }),
      encode(data) {
        asked.push(data)
        return data.at
      },
      decode: (at) => ({ at }),
    }),
  })
  expect(events.encode({ event: "tick", data: { at: "12" } }).data).toBe("12")
  expect(() => events.encode({ event: "tick", data: { at: 12 as never } })).toThrow(SseValidationError)
  expect(asked).toEqual([{ at: "12" }])
})

test("encode() wraps the error of a schema in an SseValidationError", () => {
  const reason = new Error("reason")
  const events = defineEvents({
    tick: schemaOf(() => {
      throw reason
    }),
  })
  const error = failure(() => events.encode({ event: "tick", data: 1 }))
  expect(error.cause).toBe(reason)
  expect(error.issues).toEqual([{ message: "must not make the schema throw" }])
})

test("encode() counts the schema's issues", () => {
  const events = defineEvents({ message: z.object({ one: z.number(), two: z.number() }) })
  const error = failure(() => events.encode({ data: {} as never }))
  expect(error.message).toBe('Cannot encode event "message": "data" must match its schema (2 issues)')
  expect(error.issues).toHaveLength(2)
})

test("encode() calls a codec as a method of its object", () => {
  class Shift {
    readonly by = 1
    encode(data: number): string {
      return String(data + this.by)
    }
    decode(source: string): number {
      return Number(source) - this.by
    }
  }
  const events = defineEvents({ message: codec(new Shift()) })
  expect(events.encode({ data: 1 }).data).toBe("2")
  expect(events.decode({ event: "message", data: "2", id: undefined, lastEventId: "" })).toMatchObject({ data: 1 })
})

describe("encode() with an asynchronous schema", () => {
  const events = defineEvents({ tick: z.number().refine((value) => Promise.resolve(value > 0)), log: text() })

  test("encode() throws a TypeError that names encodeAsync", async () => {
    const message = 'Cannot encode event "tick": encodeAsync() must be used, because the schema returns a promise'
    expect(() => events.encode({ event: "tick", data: 1 })).toThrow(new TypeError(message))
    // The encoder ignores the promise, and its rejection is handled.
    expect(() => events.encode({ event: "tick", data: -1 })).toThrow(new TypeError(message))
    await new Promise((resolve) => setImmediate(resolve))
    expect(events.encode({ event: "log", data: "text" }).data).toBe("text")
  })

  test('encode() names an event without a name "message" in its error', () => {
    const plain = defineEvents({ message: manualSchema<number>() })
    expect(() => plain.encode({ data: 1 })).toThrow('Cannot encode event "message"')
  })

  test("encodeAsync() waits for the schema", async () => {
    await expect(events.encodeAsync({ event: "tick", data: 1 })).resolves.toMatchObject({ data: "1" })
    await expect(events.encodeAsync({ event: "tick", data: -1 })).rejects.toThrow(SseValidationError)
    await expect(events.encodeAsync({ event: "tick", data: 1n as never })).rejects.toThrow(SseValidationError)
    await expect(events.encodeAsync({ retry: 10 })).resolves.toEqual({ retry: 10 })
  })

  test("encodeAsync() rejects, and does not throw, if encode() throws", async () => {
    await expect(events.encodeAsync({ event: "tock" as "log", data: "" })).rejects.toThrow(TypeError)
  })

  test("encodeAsync() writes the data as it was at the call", async () => {
    const schema = manualSchema<{ at: number }>()
    const manual = defineEvents({ tick: schema })
    const data = { at: 1 }
    const written = manual.encodeAsync({ event: "tick", data })
    data.at = 2
    schema.answers[0]!()
    expect((await written).data).toBe('{"at":1}')
  })

  test("encodeAsync() reports the schema's error before the encoding error", async () => {
    const schema = manualSchema<unknown>()
    const manual = defineEvents({ tick: schema })
    const refused = manual.encodeAsync({ event: "tick", data: 1n })
    const accepted = manual.encodeAsync({ event: "tick", data: 1n })
    schema.answers[0]!(false)
    schema.answers[1]!()
    await expect(refused).rejects.toThrow("must match its schema")
    await expect(accepted).rejects.toThrow("must be JSON")
  })
})

describe("encode() and unusual input", () => {
  test("encode() reads each member once, so that no unchecked value is written", () => {
    const reads: string[] = []
    const init = new Proxy(
      { event: "log", data: "x", id: "1" },
      {
        get(target, name) {
          reads.push(String(name))
          // A second read returns another event.
          return reads.filter((read) => read === name).length === 1 ? (Reflect.get(target, name) as unknown) : "evil"
        },
      },
    )
    expect(any.encode(init as never)).toMatchObject({ event: "log", data: "x", id: "1" })
    expect([...new Set(reads)]).toEqual(reads)
  })

  test("encode() returns a control block that cannot become an event", () => {
    let asked = 0
    const init = {
      id: "1",
      get event() {
        return asked++ === 0 ? undefined : "evil"
      },
    }
    expect(encodeEvent(any.encode(init as never))).toBe("id: 1\n\n")
  })

  test("encodeAsync() returns a control block without waiting", async () => {
    const then = (resolve: (value: unknown) => void) => resolve({ event: "evil", data: "x" })
    const init = { id: "1" }
    // oxlint-disable-next-line unicorn/no-thenable -- why: it is what the test is about
    Object.defineProperty(init, "then", { value: then })
    expect(await any.encodeAsync(init)).toEqual({ id: "1" })
  })
})
