/* Typed events over a schema that is written by hand, as the Standard Schema describes it. */
import { codec, defineEvents, encodeEvent, readEvents, type StandardSchemaV1, text, type } from "steadystream"
import { subscribe } from "steadystream/client"
import { equal, rejection, throws } from "../checks.ts"
import type { SuiteCases } from "../suite.ts"

interface Price {
  readonly cents: number
}

function priceSchema(isAsync: boolean): StandardSchemaV1<Price, { readonly cents: number; readonly euros: number }> {
  const validate = (value: unknown) => {
    const cents = (value as Price | null)?.cents
    if (typeof cents === "number") return { value: { cents, euros: cents / 100 } }
    return { issues: [{ message: "cents must be a number", path: ["cents"] }] }
  }
  return {
    "~standard": {
      version: 1,
      vendor: "suite",
      validate: (value) => (isAsync ? Promise.resolve(validate(value)) : validate(value)),
    },
  }
}

const date = codec({ encode: (at: Date) => at.toISOString(), decode: (source) => new Date(source) })

const contractOf = (isAsync: boolean) =>
  defineEvents({ price: priceSchema(isAsync), note: text(), count: type<{ n: number }>(), at: date })

const WIRE =
  'event: price\ndata: {"cents":250}\n\nevent: note\ndata: ✓ "raw"\n\n' +
  'event: count\ndata: {"n":1}\n\nevent: at\ndata: 1970-01-01T00:00:01.000Z\n\n'

export const contract: SuiteCases = {
  "a contract writes and reads each event in its own form": async () => {
    const events = contractOf(false)
    const written =
      encodeEvent(events.encode({ event: "price", data: { cents: 250 } })) +
      encodeEvent(events.encode({ event: "note", data: '✓ "raw"' })) +
      encodeEvent(events.encode({ event: "count", data: { n: 1 } })) +
      encodeEvent(events.encode({ event: "at", data: new Date(1000) }))
    equal(written, WIRE)
    const read: unknown[] = []
    for await (const { event, data } of readEvents([written], { events })) {
      read.push(event === "at" ? data.getTime() : data)
    }
    equal(read, [{ cents: 250, euros: 2.5 }, '✓ "raw"', { n: 1 }, 1000])
  },
  "a contract with an asynchronous schema keeps the order of the events over the network": async ({ script }) => {
    const { url } = await script([{ body: [WIRE] }, { status: 204 }])
    const names: string[] = []
    const retry = { initialDelay: 0, jitter: false }
    for await (const { event } of subscribe(url, { events: contractOf(true), retry })) names.push(event)
    equal(names, ["price", "note", "count", "at"])
  },
  "a contract refuses to write data that does not fit": async () => {
    const events = contractOf(false)
    const error = await throws("SseValidationError", () =>
      events.encode({ event: "price", data: { cents: "250" } as unknown as Price }),
    )
    equal((error as Error & { issues?: unknown }).issues, [{ message: "cents must be a number", path: ["cents"] }])
  },
  "a contract fails the reading at data that does not fit, and its message has no payload": async () => {
    for (const isAsync of [false, true]) {
      const wire = 'event: price\ndata: {"cents":1}\n\nid: 2\nevent: price\ndata: {"cents":"secret"}\n\n'
      const seen: unknown[] = []
      const error = await rejection(async () => {
        for await (const { data } of readEvents([wire], { events: contractOf(isAsync) })) seen.push(data)
      })
      equal([error.name, error.message.includes("secret"), seen.length], ["SseValidationError", false, 1])
    }
  },
  "a subscription with a contract stops before the event that does not fit": async ({ script }) => {
    const { url } = await script([
      { body: ['id: 1\nevent: count\ndata: {"n":1}\n\nid: 2\nevent: price\ndata: {}\n\n'], ending: "hold" },
    ])
    const subscription = subscribe(url, { events: contractOf(false) })
    const error = await rejection(async () => {
      for await (const { event } of subscription) equal(event, "count")
    })
    equal([error.name, subscription.lastEventId], ["SseValidationError", "1"])
  },
}
