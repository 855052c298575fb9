import { describe, expect, test } from "vitest"
import {
  defineEvents,
  SseError,
  type SseEvent,
  SseResponseError,
  SseRetryError,
  SseValidationError,
  text,
} from "steadystream"
import { shareAcrossTabs, type ShareOptions } from "steadystream/client"
import { shareOn } from "../../../src/client/share-across-tabs.ts"
import { consume } from "../../support/consumer.ts"
import { numbers, SharedWorld, URL_OF_STREAM } from "../../support/shared-world.ts"

describe("shareAcrossTabs() and the end", () => {
  test("shareAcrossTabs() ends every tab when the server answers 204", async () => {
    const world = new SharedWorld()
    const members = await world.openAll(3)
    await world.emit(5)
    world.server.end()
    await world.browser.settle(5_000)
    expect(await Promise.all(members.map(({ outcome }) => outcome))).toEqual(["done", "done", "done"])
    expect(members.map(({ subscription: { end, state } }) => [end?.reason, state])).toEqual(
      members.map(() => ["no-content", "closed"]),
    )
    expect(members.map(({ data }) => data.length)).toEqual([5, 5, 5])
    expect(world.server.requests).toEqual(["", "5"])
  })

  test("until ends every tab at the end mark", async () => {
    const world = new SharedWorld({ until: "4" })
    const members = await world.openAll(2)
    await world.emit(5)
    expect(await Promise.all(members.map(({ outcome }) => outcome))).toEqual(["done", "done"])
    expect(members.map(({ data, subscription: { end } }) => [data, end])).toEqual(
      members.map(() => [numbers(1, 3), { reason: "until", mark: "4" }]),
    )
  })

  test("shareAcrossTabs() reports a refused status in every tab", async () => {
    const world = new SharedWorld()
    world.server.status = 403
    const members = await world.openAll(2)
    await world.browser.settle(30_000)
    for (const { outcome } of members) {
      const error = await outcome
      expect(error).toBeInstanceOf(SseResponseError)
      expect(error).toMatchObject({ code: "response", status: 403, body: "no", retryable: false })
    }
  })

  test("shareAcrossTabs() reports in every tab that the retry limit is reached", async () => {
    const world = new SharedWorld({ retry: { maxRetries: 2 } })
    world.server.status = 503
    const members = await world.openAll(2)
    await world.browser.settle(60_000)
    expect(world.server.requests.length).toBe(3)
    for (const { outcome } of members) {
      const error = (await outcome) as SseRetryError
      expect(error).toBeInstanceOf(SseRetryError)
      expect(error.attempts.map(({ error: failure }) => failure.code)).toEqual(["response", "response", "response"])
      expect(SseError.is(error.cause)).toBe(true)
    }
  })

  test("shareAcrossTabs() reports in every tab a failure that no message can carry", async () => {
    const failure = Object.assign(new Error("no"), { attempt: () => 1 })
    const reported: unknown[] = []
    const until = (event: SseEvent) => {
      if (event.data === "3") throw failure
      return false
    }
    const world = new SharedWorld({ until, onHandlerError: (error) => void reported.push(error) })
    const members = await world.openAll(3)
    await world.emit(3)
    expect(members.map(({ subscription: { end } }) => end?.reason)).toEqual(["error", "error", "error"])
    expect(await Promise.all(members.map(({ outcome }) => outcome))).toEqual([failure, failure, failure])
    expect(members.map(({ data }) => data)).toEqual([numbers(1, 2), numbers(1, 2), numbers(1, 2)])
    expect(new Set(reported.map((error) => (error as Error).name))).toEqual(new Set(["DataCloneError"]))
  })

  test("events validates in each tab, and each gets the error", async () => {
    const world = new SharedWorld()
    const events = defineEvents({ other: text() }, { unknown: "error" })
    const outcomes = [1, 2].map(() => consume(world.create({ events }).subscription).outcome)
    await world.browser.settle(200)
    world.server.emit()
    await world.browser.settle(30_000)
    for (const outcome of outcomes) expect(await outcome).toBeInstanceOf(SseValidationError)
  })

  test("shareAcrossTabs() refuses a second URL under one key", async () => {
    const world = new SharedWorld()
    const [first] = await world.openAll(1)
    const other = world.open({}, `${URL_OF_STREAM}?other`)
    await world.browser.settle(1_000)
    expect(await other.outcome).toEqual(
      new TypeError('Cannot share event stream: "key" must have one URL, but another tab uses it with another one'),
    )
    await world.emit(1)
    expect(first!.data).toEqual(["1"])
  })

  test("signal ends one tab only", async () => {
    const world = new SharedWorld()
    const controller = new AbortController()
    const leader = world.open({ signal: controller.signal })
    const [other] = await world.openAll(1)
    controller.abort(new Error("enough"))
    await world.browser.settle(1_000)
    await world.emit(2)
    expect(await leader.outcome).toEqual(new Error("enough"))
    expect(other!.data).toEqual(["1", "2"])
  })
})

describe("shareAcrossTabs() without tabs", () => {
  test("shareAcrossTabs() connects by itself without locks, which role shows", async () => {
    const world = new SharedWorld()
    const tab = world.browser.open()
    const options = { key: "news", fetch: world.server.fetchOf(tab), clock: tab.clock }
    const subscription = shareOn(undefined, URL_OF_STREAM, options)
    const { data, outcome } = consume(subscription)
    await world.emit(3)
    world.server.end()
    await world.browser.settle(5_000)
    expect([await outcome, data, subscription.role]).toEqual(["done", numbers(1, 3), "alone"])
    expect(world.server.requests).toEqual(["", "3"])
  })

  test("shareAcrossTabs() connects by itself if the platform refuses locks", async () => {
    const world = new SharedWorld()
    const tab = world.browser.open()
    const locks = { request: async () => Promise.reject(new DOMException("opaque origin", "SecurityError")) }
    const options = { key: "news", fetch: world.server.fetchOf(tab), clock: tab.clock }
    const subscription = shareOn({ ...tab.platform, locks }, URL_OF_STREAM, options)
    const { data } = consume(subscription)
    await world.browser.settle(200)
    await world.emit(3)
    expect([data, subscription.role]).toEqual([numbers(1, 3), "alone"])
  })

  test("shareAcrossTabs() connects by itself if the platform refuses channels", async () => {
    const world = new SharedWorld()
    const tab = world.browser.open()
    const openChannel = () => {
      throw new DOMException("no storage", "SecurityError")
    }
    const options = { key: "news", fetch: world.server.fetchOf(tab), clock: tab.clock }
    const subscription = shareOn({ ...tab.platform, openChannel }, URL_OF_STREAM, options)
    const { data } = consume(subscription)
    await world.browser.settle(200)
    await world.emit(3)
    tab.suspend()
    tab.resume()
    await world.emit(1)
    expect([data, subscription.role, world.browser.holderOf("steadystream-tabs-1:news")]).toEqual([
      numbers(1, 4),
      "alone",
      undefined,
    ])
  })

  test("shareAcrossTabs() reads on in a tab that cannot send, and reports why, once", async () => {
    const world = new SharedWorld()
    const tab = world.browser.open()
    const failure = new Error("closed")
    const openChannel: typeof tab.platform.openChannel = (name, onMessage) => ({
      ...tab.platform.openChannel(name, onMessage),
      post() {
        throw failure
      },
    })
    const reported: unknown[] = []
    const onHandlerError = (error: unknown) => void reported.push(error)
    const options = { key: "news", fetch: world.server.fetchOf(tab), clock: tab.clock, onHandlerError }
    const { data } = consume(shareOn({ ...tab.platform, openChannel }, URL_OF_STREAM, options))
    await world.browser.settle(200)
    await world.emit(3)
    expect([data, reported]).toEqual([numbers(1, 3), [failure]])
  })

  test("shareAcrossTabs() takes inherited options, also of an object that is frozen", async () => {
    const world = new SharedWorld()
    const tab = world.browser.open()
    const defaults = Object.freeze({ key: "news", fetch: world.server.fetchOf(tab), clock: tab.clock })
    const subscription = shareOn(tab.platform, URL_OF_STREAM, Object.create(defaults) as ShareOptions)
    const { data } = consume(subscription)
    await world.browser.settle(200)
    await world.emit(3)
    expect([data, world.browser.holderOf("steadystream-tabs-1:news")]).toEqual([numbers(1, 3), tab])
    expect(() => shareAcrossTabs(URL_OF_STREAM, Object.freeze({ key: "news", recent: 1 }))).not.toThrow()
    const missing = { recent: null, leaderTimeout: null, lastEventId: null, onRoleChange: null } as object
    expect(() => shareAcrossTabs(URL_OF_STREAM, { ...missing, key: "news" })).not.toThrow()
    expect(() => shareAcrossTabs(URL_OF_STREAM, "news" as never)).toThrow("Cannot use options")
    expect(() => shareAcrossTabs(URL_OF_STREAM, Object.create({ key: 7 }) as never)).toThrow('"key" must be a string')
  })

  test.each<[Partial<ShareOptions>, string]>([
    [{ key: "" }, 'Cannot share event stream: "key" must be a string that is not empty'],
    [{ key: 7 as never }, 'Cannot use options: "key" must be a string, not number'],
    [{ recent: -1 }, 'Cannot use options: "recent" must be a number from 0, not -1'],
    [{ leaderTimeout: NaN }, 'Cannot use options: "leaderTimeout" must be a number from 0, not NaN'],
    [
      { retry: false },
      'Cannot share event stream: "retry" and "resume" must allow the next leader to repeat the request',
    ],
    [
      { method: "POST" },
      'Cannot share event stream: "retry" and "resume" must allow the next leader to repeat the request',
    ],
    [
      { pauseWhenHidden: true } as never,
      'Cannot share event stream: "pauseWhenHidden" must not be set, since other tabs need the connection',
    ],
  ])("shareAcrossTabs() refuses %o", (options, message) => {
    expect(() => shareAcrossTabs(URL_OF_STREAM, { key: "news", ...options })).toThrow(message)
  })

  test("shareAcrossTabs() refuses a target that is no URL", () => {
    expect(() => shareAcrossTabs((() => "") as never, { key: "news" })).toThrow("the target must be a URL")
    expect(() => shareAcrossTabs(new Request(URL_OF_STREAM) as never, { key: "news" })).toThrow(
      "the target must be a URL",
    )
  })
})
