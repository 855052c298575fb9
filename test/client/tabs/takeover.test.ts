import { describe, expect, test } from "vitest"
import { FakeEventServer } from "../../support/fake-event-server.ts"
import { consume } from "../../support/consumer.ts"
import { type Member, numbers, SharedWorld, URL_OF_STREAM } from "../../support/shared-world.ts"

describe("shareAcrossTabs() and its leader", () => {
  test("shareAcrossTabs() delivers the events of one connection to every tab", async () => {
    const world = new SharedWorld()
    const members = await world.openAll(3)
    await world.emit(10)
    const all = numbers(1, 10)
    expect(members.map(({ data }) => data)).toEqual([all, all, all])
    expect(world.server.requests).toEqual([""])
    expect(members.map(({ subscription }) => subscription.role)).toEqual(["leading", "following", "following"])
    expect(members.map(({ subscription }) => subscription.lastEventId)).toEqual(["10", "10", "10"])
    expect(members.map(({ subscription }) => subscription.state)).toEqual(["open", "open", "open"])
  })

  test("shareAcrossTabs() makes no request before the first next()", async () => {
    const world = new SharedWorld()
    const { subscription } = world.create()
    await world.browser.settle(1_000)
    expect([world.server.requests, subscription.role, subscription.state]).toEqual([[], "following", "connecting"])
  })

  test.each(["crash", "close", "suspend", "freeze"] as const)(
    "shareAcrossTabs() loses and doubles no event when its leader meets a %s",
    async (how) => {
      const world = new SharedWorld()
      const [first, ...others] = await world.openAll(3)
      await world.emit(10)
      stop(how, first!)
      world.server.emit()
      await world.browser.settle(20_000)
      await world.emit(1)
      expect(others.map(({ data }) => data)).toEqual([numbers(1, 12), numbers(1, 12)])
      expect(world.server.requests).toEqual(["", "10"])
      expect(others.map(({ subscription }) => subscription.role)).toContain("leading")
      if (how === "crash" || how === "close") return
      first!.tab.resume()
      await world.browser.settle(20_000)
      await world.emit(1)
      expect(first!.data).toEqual(numbers(1, 13))
      expect(first!.subscription.role).toBe("following")
      expect(world.server.connections).toBe(1)
    },
  )

  test("shareAcrossTabs() replaces a leader that answers nothing within leaderTimeout, and not before", async () => {
    const world = new SharedWorld({ leaderTimeout: 60_000 })
    const [first, second] = await world.openAll(2)
    first!.tab.isFrozen = true
    await world.browser.settle(50_000)
    expect(second!.subscription.role).toBe("following")
    await world.browser.settle(40_000)
    expect(second!.subscription.role).toBe("leading")
  })

  test("shareAcrossTabs() keeps a silent leader that answers", async () => {
    const world = new SharedWorld()
    const roles: string[] = []
    const [first] = await world.openAll(2)
    world.open({ onRoleChange: (role) => void roles.push(role) })
    await world.browser.settle(120_000)
    expect([first!.subscription.role, roles, world.server.requests.length]).toEqual(["leading", [], 1])
  })

  test("shareAcrossTabs() reports each change of role", async () => {
    const world = new SharedWorld()
    const roles: string[] = []
    const first = world.open({ onRoleChange: (role) => void roles.push(role) })
    world.open()
    await world.browser.settle(200)
    first.tab.suspend()
    first.tab.resume()
    await world.browser.settle(1_000)
    expect(roles).toEqual(["leading", "following"])
  })

  test("shareAcrossTabs() stops leading when another leader is heard, also if it is not told that its lock is stolen", async () => {
    const world = new SharedWorld()
    world.browser.reportsSteal = false
    const [first] = await world.openAll(2)
    await world.emit(1)
    first!.tab.isFrozen = true
    await world.browser.settle(20_000)
    first!.tab.resume()
    await world.browser.settle(200)
    await world.emit(1)
    expect([first!.subscription.role, first!.data, world.server.connections]).toEqual(["following", ["1", "2"], 1])
  })

  test("shareAcrossTabs() collects from the other tabs what a new leader does not have, also without IDs", async () => {
    const world = new SharedWorld({}, new FakeEventServer(false))
    const [first, second, third] = await world.openAll(3)
    await world.emit(2)
    second!.tab.suspend()
    await world.emit(1)
    first!.tab.isFrozen = true
    second!.tab.resume()
    await world.browser.settle()
    // It waits for the lock behind the second tab then.
    third!.tab.suspend()
    third!.tab.resume()
    await world.browser.settle()
    first!.tab.crash()
    await world.browser.settle(1_000)
    await world.emit(1)
    expect(second!.subscription.role).toBe("leading")
    expect([second!.data, third!.data]).toEqual([numbers(1, 4), numbers(1, 4)])
  })

  test("dedupe drops what a server that ignores the last event ID sends again to the next leader", async () => {
    const world = new SharedWorld()
    const members = Array.from({ length: 3 }, () => {
      const tab = world.browser.open()
      const fetchOfTab = world.server.fetchOf(tab)
      const fetch: typeof fetchOfTab = async (url, init) => fetchOfTab(url, { ...init, headers: {} })
      const subscription = tab.share(URL_OF_STREAM, { key: "news", dedupe: true, fetch })
      return { subscription, ...consume(subscription) }
    })
    await world.browser.settle(200)
    await world.emit(5)
    members[0]!.subscription.close()
    await world.browser.settle(1_000)
    await world.emit(1)
    const [, ...others] = members
    expect(others.map(({ data }) => data)).toEqual([numbers(1, 6), numbers(1, 6)])
    expect(others.map(({ subscription }) => subscription.lastEventId)).toEqual(["6", "6"])
    expect(world.server.requests).toEqual(["", ""])
  })

  test.each([true, false])(
    "shareAcrossTabs() knows in each tab that the next leader did not continue (IDs: %s), as a chunk reader asks",
    async (hasIds) => {
      const world = new SharedWorld({}, new FakeEventServer(hasIds))
      const members = Array.from({ length: 3 }, () => {
        const tab = world.browser.open()
        const fetchOfTab = world.server.fetchOf(tab)
        const fetch: typeof fetchOfTab = async (url, init) => fetchOfTab(url, { ...init, headers: {} })
        const subscription = tab.share(URL_OF_STREAM, { key: "news", fetch })
        return { subscription, ...consume(subscription) }
      })
      await world.browser.settle(200)
      await world.emit(5)
      expect(members.map(({ subscription }) => subscription.restarts)).toEqual([0, 0, 0])
      members[0]!.subscription.close()
      await world.browser.settle(1_000)
      await world.emit(1)
      expect(members.slice(1).map(({ subscription }) => subscription.restarts)).toEqual([1, 1])
    },
  )

  test("shareAcrossTabs() keeps two keys apart", async () => {
    const world = new SharedWorld()
    const [one, other] = [world.open({ key: "one" }), world.open({ key: "other" })]
    await world.browser.settle(200)
    await world.emit(2)
    expect([one.subscription.role, other.subscription.role]).toEqual(["leading", "leading"])
    expect([one.data, other.data]).toEqual([numbers(1, 2), numbers(1, 2)])
  })
})

function stop(how: "crash" | "close" | "suspend" | "freeze", { tab, subscription }: Member): void {
  if (how === "crash") tab.crash()
  else if (how === "close") subscription.close()
  else if (how === "suspend") tab.suspend()
  else tab.isFrozen = true
}
