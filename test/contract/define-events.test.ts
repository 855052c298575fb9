import { codec, defineEvents, readEvents, text, type } from "steadystream"
import { expect, test } from "vitest"
import { collect } from "./collect.ts"
import { tickSchemas } from "./schemas.ts"

test("defineEvents() accepts schemas that are objects or functions", () => {
  expect(() => defineEvents(tickSchemas)).not.toThrow()
})

test("defineEvents() rejects a value that is not a member", () => {
  for (const member of [undefined, null, 1, "string", {}, { encode: String }, () => "", { "~standard": {} }]) {
    expect(() => defineEvents({ tick: member as never })).toThrow(
      new TypeError('Cannot define event "tick": it must be a Standard Schema, type(), text() or codec()'),
    )
  }
  const schema = {} as never
  expect(() => defineEvents({ tick: codec({ schema, encode: String, decode: String }) })).toThrow(TypeError)
})

test("defineEvents() rejects names that cannot be written", () => {
  for (const name of ["", "a\nb", "a\rb"]) expect(() => defineEvents({ [name]: text() })).toThrow(TypeError)
})

test("defineEvents() rejects the reserved name", () => {
  expect(() => defineEvents({ "steadystream.gap": text() })).toThrow(
    new TypeError('Cannot define event "steadystream.gap": its name must not be reserved for steadystream'),
  )
})

test("defineEvents() rejects unknown policies", () => {
  const policy = "ignore" as never
  expect(() => defineEvents({}, { unknown: policy })).toThrow('"unknown" must be "skip", "error" or a function')
  expect(() => defineEvents({}, { invalid: policy })).toThrow('"invalid" must be "skip", "error" or a function')
})

test("defineEvents() ignores later changes of the members object", () => {
  const members: Record<string, ReturnType<typeof text>> = { log: text() }
  const events = defineEvents(members)
  delete members["log"]
  expect(events.encode({ event: "log", data: "text" }).data).toBe("text")
})

test("defineEvents() has names such as __proto__ only if they are defined", async () => {
  const names = ["__proto__", "constructor", "toString", "hasOwnProperty", "error", "open", "close"]
  const stream = names.map((name) => `event: ${name}\ndata: 1\n\n`).join("")

  const none = defineEvents({ log: text() })
  expect(await collect(readEvents(stream, { events: none }))).toEqual([])
  for (const name of names) expect(() => none.encode({ event: name as "log", data: "" })).toThrow(TypeError)

  const all = defineEvents(Object.fromEntries(names.map((name) => [name, type<number>()])))
  const events = await collect(readEvents(stream, { events: all }))
  expect(events.map((event) => [event.event, event.data])).toEqual(names.map((name) => [name, 1]))
  for (const name of names) expect(all.encode({ event: name, data: 1 }).event).toBe(name)
})

test("defineEvents() keeps data away from every prototype", async () => {
  const events = defineEvents({ message: type<Record<string, unknown>>() })
  const stream = 'data: {"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}\n\n'
  const [event] = await collect(readEvents(stream, { events }))
  expect(Object.keys(event!.data)).toEqual(["__proto__", "constructor"])
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
})

test("type() refuses an argument, such as a schema that it would ignore", () => {
  expect(() => (type as (schema: unknown) => unknown)({ done: "number" })).toThrow("type() takes no argument")
})
