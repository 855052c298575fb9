import { describe, expect, test } from "vitest"
import type { GapInfo } from "steadystream/client"
import { FakeEventServer } from "../../support/fake-event-server.ts"
import { type Member, numbers, SharedWorld } from "../../support/shared-world.ts"

/** Opens two tabs and stops the second one after an event, for so long that no tab keeps all that it misses. */
async function twoOfWhichOneIsStopped(world: SharedWorld): Promise<Member[]> {
  const members = await world.openAll(2)
  await world.emit(1)
  members[1]!.tab.suspend()
  await world.emit(200)
  members[1]!.tab.resume()
  await world.browser.settle(1_000)
  return members
}

describe("shareAcrossTabs() and a late tab", () => {
  test("shareAcrossTabs() begins with the next event in a late tab", async () => {
    const world = new SharedWorld()
    await world.openAll(1)
    await world.emit(10)
    const late = world.open()
    await world.browser.settle(200)
    await world.emit(2)
    expect(late.data).toEqual(["11", "12"])
  })

  test("recent delivers the newest events to a late tab first", async () => {
    const world = new SharedWorld()
    await world.openAll(1)
    await world.emit(10)
    const late = world.open({ recent: 3 })
    await world.browser.settle(200)
    await world.emit(1)
    expect([late.data, late.subscription.lastEventId]).toEqual([numbers(8, 11), "11"])
    expect(world.server.requests).toEqual([""])
  })

  test("recent delivers the events as they came, also if the leader's loop has changed them", async () => {
    const world = new SharedWorld()
    const { subscription } = world.create()
    void subscription.listen({ onEvent: (event) => void Object.assign(event, { data: () => {}, event: undefined }) })
    await world.browser.settle(200)
    await world.emit(5)
    const late = world.open({ recent: 3 })
    await world.emit(1)
    expect(late.data).toEqual(numbers(3, 6))
  })

  test("lastEventId of a late tab is found among the events that the leader keeps", async () => {
    const world = new SharedWorld()
    await world.openAll(1)
    await world.emit(10)
    const late = world.open({ lastEventId: "6" })
    await world.browser.settle(200)
    expect([late.data, world.server.requests]).toEqual([numbers(7, 10), [""]])
  })

  test("lastEventId of a late tab that the leader no longer keeps is requested, until it has caught up", async () => {
    const world = new SharedWorld({ limits: { maxQueuedEvents: 5 } })
    const [leader] = await world.openAll(1)
    await world.emit(100)
    const late = world.open({ lastEventId: "6" })
    await world.browser.settle(1_000)
    await world.emit(3)
    expect(late.data).toEqual(numbers(7, 103))
    expect([world.server.requests, world.server.connections]).toEqual([["", "6"], 1])
    expect([leader!.subscription.role, late.subscription.role]).toEqual(["leading", "following"])
  })

  test("shareAcrossTabs() catches up after a long stop with a request of its own", async () => {
    const world = new SharedWorld({ limits: { maxQueuedEvents: 5 } })
    const [, second] = await twoOfWhichOneIsStopped(world)
    await world.emit(1)
    expect(second!.data).toEqual(numbers(1, 202))
    expect([world.server.requests, world.server.connections]).toEqual([["", "1"], 1])
  })

  test("shareAcrossTabs() fails in a tab that was stopped for too long if the events have no IDs", async () => {
    const world = new SharedWorld({ limits: { maxQueuedEvents: 5 } }, new FakeEventServer(false))
    const [first, second] = await twoOfWhichOneIsStopped(world)
    expect(await second!.outcome).toMatchObject({ code: "truncated", missing: "events", retryable: true })
    expect(first!.data).toEqual(numbers(1, 201))
  })

  test("onGap is called in a tab that was stopped for too long if the events have no IDs, and it goes on", async () => {
    const gaps: GapInfo[] = []
    const onGap = (gap: GapInfo) => void gaps.push(gap)
    const world = new SharedWorld({ limits: { maxQueuedEvents: 5 }, onGap }, new FakeEventServer(false))
    const [, second] = await twoOfWhichOneIsStopped(world)
    await world.emit(1)
    expect(second!.data).toEqual(["1", "202"])
    expect(gaps).toEqual([{ from: "", reason: "not-kept", resumesAt: "" }])
    expect(second!.subscription.gaps).toBe(1)
  })
})
