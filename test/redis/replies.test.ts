import * as fc from "fast-check"
import { expect, test } from "vitest"
import { isUnknownScript, storeErrorOf } from "../../src/redis/redis-error.ts"
import { readNews, readPage, splitTexts, textOf, textsOf } from "../../src/redis/replies.ts"
import { ServerTime } from "../../src/redis/server-time.ts"

test("textOf() reads strings, numbers and bytes", () => {
  const bytes = new TextEncoder().encode("\uFEFFé")
  expect([textOf("é"), textOf(5), textOf(5n), textOf(bytes), textOf(null)]).toEqual(["é", "5", "5", "\uFEFFé", ""])
  expect([textsOf([1, "a"]), textsOf("QUEUED"), textsOf(undefined)]).toEqual([["1", "a"], [], []])
})

test("splitTexts() returns the texts that were joined", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: fc.constantFrom("a", "é", "😀", ",", "\n", "\ud83d") })), (texts) => {
      const lengths = texts.map(({ length }) => length).join(",")
      expect(splitTexts(lengths, texts.join(""))).toEqual(texts)
    }),
  )
})

test("readPage() takes the events of a page out of entries with more events", () => {
  const head = ["0", "open", "", "", "e", "0", "9", "3", ""]
  const entries = ["5-70", "1,1,1,1,1", "abcde", "9-80", "1,1,1,1", "fghi"]
  const page = readPage([...head, ...entries], 4, 1_000)
  expect(page.events.map(({ cursor, text, time }) => [cursor, text, time])).toEqual([
    ["e-4", "d", 70],
    ["e-5", "e", 70],
    ["e-6", "f", 80],
    ["e-7", "g", 80],
  ])
  expect([page.next, page.more]).toEqual(["e-7", true])
  expect(readPage([...head, ...entries], 100, 1).events).toHaveLength(1)
  expect(readPage(head, 100, 1)).toMatchObject({ events: [], next: "e-3", more: true })
})

test("readNews() reads messages, and takes what is none as a hint to look", () => {
  expect(readNews("e 4 70  \n\n1,2\nabc")).toEqual({
    after: "e-4",
    events: [
      { cursor: "e-5", text: "a", time: 70 },
      { cursor: "e-6", text: "bc", time: 70 },
    ],
  })
  expect(readNews('e 4 70 cancelled cancel\n"why\\n"\n\n')).toEqual({
    after: "e-4",
    events: [],
    end: { status: "cancelled", detail: "why\n" },
    cancel: "why\n",
  })
  expect([readNews(""), readNews("x")]).toEqual([undefined, undefined])
})

test.each([
  [new Error("OOM command not allowed when used memory > 'maxmemory'"), "limit", "the memory of Redis is full"],
  [new Error("ERR Error running script (call to f_1): @user_script:9: OOM command not allowed"), "limit", "full"],
  [new Error("READONLY You can't write against a read only replica."), "store-unavailable", "(READONLY)"],
  [
    Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:6379"), { code: "ECONNREFUSED" }),
    "store-unavailable",
    "(ECONNREFUSED)",
  ],
  [
    Object.assign(new Error("for secret at 10.0.0.1"), { name: "MaxRetriesPerRequestError" }),
    "store-unavailable",
    "(MaxRetriesPerRequestError)",
  ],
  ["secret", "store-unavailable", "the command failed"],
  [undefined, "store-unavailable", "the command failed"],
])("storeErrorOf() keeps nothing but the code of an error", (error, code, text) => {
  const found = storeErrorOf(error, "append")
  expect([found.code, found.cause, found.message.includes(text)]).toEqual([code, undefined, true])
  expect(found.message).not.toMatch(/secret|10\.0|127\.0/u)
})

test("storeErrorOf() is not retryable if a retry would fail for the same reason", () => {
  const retryable = (message: string) => storeErrorOf(new Error(message), "append").retryable
  const lasting = [
    "NOPERM this user has no permissions",
    "NOAUTH Authentication required.",
    "WRONGTYPE Operation against",
  ]
  expect(lasting.map(retryable)).toEqual([false, false, false])
  expect(["LOADING Redis is loading", "CLUSTERDOWN Hash slot not served", "anything"].map(retryable)).toEqual([
    true,
    true,
    true,
  ])
})

test("isUnknownScript() recognizes the error in every form", () => {
  const found = ["NOSCRIPT No matching script", "-NOSCRIPT No matching", "ERR NOSCRIPT", "ERR other", "OOM"]
  expect(found.map((message) => isUnknownScript(new Error(message)))).toEqual([true, true, true, false, false])
})

test("ServerTime never names a time that is earlier than the server's, and narrows it with each reply", () => {
  fc.assert(
    fc.property(fc.integer(), fc.array(fc.tuple(fc.nat(500), fc.nat(500), fc.nat(500))), (difference, replies) => {
      const time = new ServerTime()
      let now = 0
      let bound = Infinity
      expect(time.at(now)).toBe("")
      for (const [pause, up, down] of replies) {
        const sent = (now += pause)
        const server = (now += up) + difference
        now += down
        time.learn(server, sent, now)
        const slack = Number(time.at(now)) - (now + difference)
        expect(slack).toBeGreaterThanOrEqual(0)
        expect(slack).toBeLessThanOrEqual(Math.min(bound, up + 1))
        bound = slack
      }
    }),
  )
})

test("ServerTime begins anew if a clock was set", () => {
  const time = new ServerTime()
  time.learn(1_000, 0, 10)
  time.learn(900_000, 100, 110)
  expect(time.at(100)).toBe("900001")
  time.learn(500, 200, 210)
  expect(time.at(200)).toBe("501")
  time.learn(Number.NaN, 0, 0)
  expect(time.at(200)).toBe("501")
})
