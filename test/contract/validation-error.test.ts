import { inspect } from "node:util"
import { codec, defineEvents, type SseEvent, SseError, SseValidationError, type } from "steadystream"
import { expect, test } from "vitest"
import { failure } from "./collect.ts"
import { schemaOf, tickSchemas } from "./schemas.ts"

const SECRET = "s3cret"
const raw = (event: string, data: string): SseEvent => ({ event, data, id: SECRET, lastEventId: SECRET })

test("SseValidationError prints no payload for any failure", () => {
  const throws = (): never => {
    throw new Error(SECRET)
  }
  const events = defineEvents(
    {
      ...tickSchemas,
      any: type<unknown>(),
      codec: codec({ encode: throws, decode: throws }),
      throws: schemaOf(throws),
    },
    { unknown: "error" },
  )
  const bad = { at: SECRET }
  const failures = [
    ...["zod", "valibot", "arktype"].map((name) => failure(() => events.decode(raw(name, JSON.stringify(bad))))),
    ...(["zod", "valibot", "arktype"] as const).map((event) => failure(() => events.encode({ event, data: bad }))),
    failure(() => events.decode(raw("any", `${SECRET} {`))),
    failure(() => events.decode(raw("codec", SECRET))),
    failure(() => events.encode({ event: "codec", data: SECRET as never })),
    failure(() => events.decode(raw("throws", `"${SECRET}"`))),
    failure(() => events.decode(raw(SECRET, ""))),
  ]
  for (const error of failures) {
    expect(inspect(error)).not.toContain(SECRET)
    expect(inspect(new Error("outer", { cause: error }), { depth: 9 })).not.toContain(SECRET)
    expect(String(error) + String(error.stack)).not.toContain(SECRET)
    expect(JSON.stringify(error)).toBe('{"code":"validation","retryable":false,"name":"SseValidationError"}')
    expect(error.issues.length).toBeGreaterThan(0)
  }
})

test("SseValidationError keeps no text of invalid JSON, not even in its cause", () => {
  const error = failure(() => defineEvents({ any: type<unknown>() }).decode(raw("any", `${SECRET} {`)))
  expect(inspect(error.cause)).not.toContain(SECRET)
})

test("SseValidationError is an SseError", () => {
  const error = failure(() => defineEvents({ any: type<unknown>() }).decode(raw("any", "{")))
  expect(SseError.is(error)).toBe(true)
  expect(error).toBeInstanceOf(SseValidationError)
  expect(error.name).toBe("SseValidationError")
})
