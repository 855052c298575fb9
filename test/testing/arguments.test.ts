import { subscribe } from "steadystream/client"
import {
  chunkings,
  everyCut,
  formatEntry,
  formatRecording,
  ManualClock,
  mutate,
  type Recording,
  record,
  replay,
  scriptedFetch,
  startFaultServer,
  startReplayServer,
} from "steadystream/testing"
import { expect, test } from "vitest"

const ONE: Recording = { version: 1, entries: [{ type: "response", at: 0, request: 0, status: 200, headers: {} }] }

/** Wrong arguments of each function, and the start of the message. */
const WRONG: [name: string, call: () => unknown, message: string][] = [
  ["scriptedFetch() without answers", () => scriptedFetch(undefined as never), 'Cannot script fetch: "answers" must'],
  ["scriptedFetch() with a number", () => scriptedFetch(5 as never), 'Cannot script fetch: "answers" must'],
  [
    "scriptedFetch() with a status as text",
    () => scriptedFetch([{ status: "200" as never }]),
    '"status" must be a number',
  ],
  ["scriptedFetch() with a body", () => scriptedFetch([{ body: "data: x" } as never]), '"body" is unknown; known are'],
  ["chunkings() without input", () => chunkings(undefined as never), 'Cannot cut chunks: "input" must'],
  ["chunkings() with a number", () => chunkings(5 as never), 'Cannot cut chunks: "input" must'],
  ...[undefined, null, {}, "text", { entries: {} }].flatMap((value): typeof WRONG => [
    [
      `formatRecording() of ${JSON.stringify(value)}`,
      () => formatRecording(value as never),
      '"entries" must be an array',
    ],
    [`replay() of ${JSON.stringify(value)}`, () => replay(value as never), '"entries" must be an array'],
    [`mutate() of ${JSON.stringify(value)}`, () => mutate(value as never, { merge: true }), '"entries" must be an'],
    [`everyCut() of ${JSON.stringify(value)}`, () => everyCut(value as never), '"entries" must be an array'],
  ]),
  ...[null, 5, {}, { type: 5 }, { type: "chunk", at: 0, request: 0, text: "secret" }].flatMap((entry): typeof WRONG => [
    [`formatEntry() of ${JSON.stringify(entry)}`, () => formatEntry(entry as never), "must have"],
    [`replay() of ${JSON.stringify(entry)}`, () => replay({ version: 1, entries: [entry as never] }), "must have"],
  ]),
  [
    "mutate() with text as a request",
    () => mutate(ONE, { merge: true }, { request: "0" as never }),
    '"request" must be',
  ],
  ["response() of a recorder with a number", () => record().response(1 as never), '"response" must be a Response'],
  ["fetch() of a recorder with a number", () => record().fetch(1 as never), '"fetch" must be a function'],
  ...[undefined, {}, { request: { headers: {} }, response: {} }].map((exchange): (typeof WRONG)[number] => [
    `node() of a recorder with ${JSON.stringify(exchange)}`,
    () => record().node(exchange as never),
    '"request" and "response" must be',
  ]),
  ["record() with null", () => record(null as never), '"options" must be an object, not null'],
  [
    "record() with a number as header",
    () => record({ headers: [1] as never }),
    '"headers" must be an array of strings',
  ],
  ["record() with a name as headers", () => record({ headers: "a" as never }), '"headers" must be'],
  [
    "record() with a Set as parameters",
    () => record({ parameters: new Set() as never }),
    '"parameters" must be an array',
  ],
  ["setTimeout() without a function", () => new ManualClock().setTimeout(undefined as never, 1), '"run" must'],
]

test.each(WRONG)("%s throws a TypeError at the call", (_, call, message) => {
  expect(call).toThrow(TypeError)
  expect(call).toThrow(message)
})

const listen = (handlers: unknown) => subscribe("https://example.com/").listen(handlers as never)

const REJECTED: [name: string, call: () => Promise<unknown>, message: string][] = [
  ["startFaultServer() without a script", () => startFaultServer(undefined as never), '"script" must'],
  ["startReplayServer() without a recording", () => startReplayServer(undefined as never), '"entries" must be'],
  ["startFaultServer() with null", () => startFaultServer(null as never), '"script" must'],
  ["startFaultServer() with a number", () => startFaultServer(5 as never), '"script" must'],
  ["advance() without a time", () => new ManualClock().advance(undefined as never), '"ms" must be a number'],
  ["advance() with text", () => new ManualClock().advance("5" as never), '"ms" must be a number'],
  ["listen() without handlers", () => listen(undefined), '"onEvent" must be a function'],
  ["listen() without onEvent", () => listen({}), '"onEvent" must be a function'],
  ["listen() with an onError that is no function", () => listen({ onEvent() {}, onError: 5 }), '"onError" must'],
]

test.each(REJECTED)("%s rejects with a TypeError", async (_, call, message) => {
  const error = await call().catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(TypeError)
  expect((error as Error).message).toContain(message)
})

test.each([-1, Number.NaN, 1.5, 65_536, Infinity])(
  "the servers reject with a RangeError for the port %d",
  async (port) => {
    for (const start of [() => startFaultServer([], { port }), () => startReplayServer(ONE, { port })]) {
      const error = await start().catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(RangeError)
      expect((error as Error).message).toMatch(/^Cannot use options: "port" must be a/)
    }
  },
)

test.each([
  [{ status: "200" }, '"status" must be a number, not string'],
  [[{ body: "a" }, { framing: "chunks" }], '"framing" must be "chunked", "length" or "close", not string'],
  [{ chunks: ["a"] }, '"chunks" is unknown'],
])("startFaultServer() refuses the answer %j", async (script, message) => {
  await expect(startFaultServer(script as never)).rejects.toThrow(message)
})

test("answerWith() refuses an answer with a status as text", async () => {
  await using server = await startFaultServer({})
  expect(() => server.answerWith({ status: "204" as never })).toThrow('"status" must be a number')
})

test("record() takes null for an option that is missing", () => {
  expect(
    record({ headers: null as never, parameters: null as never, onEntry: null as never }).recording.entries,
  ).toEqual([])
})
