import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { encodeComment, encodeEvent, SseLimitError, SseParser, type SseEvent, type SseEventInit } from "steadystream"
import { parseModel } from "../support/model.ts"

const RUNS = { numRuns: 2000 }

// Characters that can break framing are frequent.
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "\n",
        "\r",
        "\r\n",
        "\0",
        ":",
        " ",
        "data: x",
        "id: 1",
        "event: y",
        "retry: 5",
        "\uFEFF",
        "\u2028",
      ),
      fc.string({ unit: "binary", maxLength: 6 }),
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(""))
const oneLine = text.map((value) => value.replace(/[\r\n]/g, ""))
const id = oneLine.map((value) => value.replaceAll("\0", ""))
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })

const init: fc.Arbitrary<SseEventInit> = fc
  .record({
    event: optional(oneLine),
    data: optional(text),
    id: optional(id),
    retry: optional(fc.integer({ min: 0, max: 2_147_483_647 })),
    comment: optional(text),
  })
  .filter((message) => Object.values(message).some((member) => member !== undefined))

const lf = (value: string) => value.replace(/\r\n?/g, "\n")

function parse(stream: string): SseEvent[] {
  const events: SseEvent[] = []
  const parser = new SseParser({ onEvent: (event) => events.push(event) })
  parser.feed(stream)
  expect(parser.end()).toEqual({ incomplete: false })
  return events
}

describe("encodeEvent() for any message", () => {
  test("encodeEvent() with event or data writes exactly one event with the same members, and otherwise none", () => {
    fc.assert(
      fc.property(init, (message) => {
        const { event, data, id: own } = message
        const expected =
          event === undefined && data === undefined
            ? []
            : [{ event: event || "message", data: lf(data ?? ""), id: own, lastEventId: own ?? "" }]
        expect(parse(encodeEvent(message))).toEqual(expected)
        expect(parseModel(encodeEvent(message)).events).toEqual(expected)
      }),
      RUNS,
    )
  })

  test("encodeEvent() of several messages writes as many events as have event or data", () => {
    fc.assert(
      fc.property(fc.array(init, { maxLength: 6 }), (messages) => {
        const stream = messages.map((message) => encodeEvent(message)).join("")
        const count = messages.filter(({ event, data }) => event !== undefined || data !== undefined).length
        expect(parse(stream)).toHaveLength(count)
        const lastId = messages.findLast((message) => message.id !== undefined)?.id ?? ""
        expect(parseModel(stream).lastEventId).toBe(lastId)
      }),
      RUNS,
    )
  })

  test("encodeEvent() writes a parsed event so that it parses to the same event", () => {
    fc.assert(
      fc.property(fc.array(init, { maxLength: 4 }), (messages) => {
        const events = parse(messages.map((message) => encodeEvent(message)).join(""))
        for (const event of events) {
          expect(parse(encodeEvent(event))).toEqual([{ ...event, lastEventId: event.id ?? "" }])
        }
      }),
      RUNS,
    )
  })

  test("encodeEvent() writes a safe block or throws TypeError or RangeError, whatever the values", () => {
    fc.assert(
      fc.property(fc.record({ event: optional(text), data: optional(text), id: optional(text) }), (message) => {
        let block: string
        try {
          block = encodeEvent(message)
        } catch (error) {
          expect(error).toMatchObject({ code: "invalid-field" })
          return
        }
        expect(parse(block).length).toBe(message.event === undefined && message.data === undefined ? 0 : 1)
      }),
      RUNS,
    )
  })

  test("encodeComment() never writes an event, for any text", () => {
    fc.assert(
      fc.property(text, (comment) => {
        expect(parse(`${encodeComment(comment)}data: next\n\n`)).toMatchObject([{ data: "next" }])
      }),
      RUNS,
    )
  })
})

test("SseParser accepts any text or throws SseLimitError", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(text, fc.uint8Array({ maxLength: 20 })), { maxLength: 8 }), (chunks) => {
      const parser = new SseParser({ maxLineLength: 20, maxEventSize: 15 })
      try {
        for (const chunk of chunks) parser.feed(chunk)
        parser.end({ flush: true })
      } catch (error) {
        expect(error).toBeInstanceOf(SseLimitError)
      }
    }),
    RUNS,
  )
})
