import { describe, expect, test } from "vitest"
import type { GapInfo, SharedSubscription } from "steadystream/client"
import { numbers, SharedWorld } from "../../support/shared-world.ts"

const limits = { maxQueuedEvents: 10 }

async function take(subscription: AsyncIterator<{ data: string }, undefined>, count: number): Promise<string[]> {
  const data: string[] = []
  for (let left = count; left > 0; left--) data.push((await subscription.next()).value!.data)
  return data
}

const iteratorOf = (subscription: SharedSubscription) => subscription[Symbol.asyncIterator]()

describe("shareAcrossTabs() and a slow tab", () => {
  test("shareAcrossTabs() does not slow the others for a tab that does not consume, which then fails", async () => {
    const world = new SharedWorld({ limits })
    const [fast] = await world.openAll(1)
    const iterator = iteratorOf(world.create().subscription)
    const first = iterator.next()
    await world.browser.settle(200)
    for (let round = 0; round < 40; round++) await world.emit(5)
    expect(fast!.data).toEqual(numbers(1, 200))
    expect((await first).value?.data).toBe("1")
    // Those of its queue, and those that waited for room in it.
    expect(await take(iterator, 50)).toEqual(numbers(2, 51))
    await expect(iterator.next()).rejects.toMatchObject({ code: "truncated", missing: "events" })
    expect((await iterator.next()).done).toBe(true)
  })

  test("shareAcrossTabs() does not slow the others for a leader that does not consume", async () => {
    const world = new SharedWorld({ limits })
    const leader = world.create()
    const iterator = iteratorOf(leader.subscription)
    const first = iterator.next()
    await world.browser.settle(200)
    const [fast] = await world.openAll(1)
    for (let round = 0; round < 40; round++) await world.emit(5)
    expect(fast!.data).toEqual(numbers(1, 200))
    expect([leader.subscription.state, fast!.subscription.role]).toEqual(["closed", "leading"])
    expect((await first).value?.data).toBe("1")
    expect(await take(iterator, 50)).toEqual(numbers(2, 51))
    await expect(iterator.next()).rejects.toMatchObject({ code: "truncated" })
  })

  test("onGap is called for the events that a slow tab missed, and it goes on", async () => {
    const world = new SharedWorld({ limits })
    await world.openAll(1)
    const gaps: GapInfo[] = []
    const { subscription } = world.create({ onGap: (gap) => void gaps.push(gap) })
    const iterator = iteratorOf(subscription)
    const first = iterator.next()
    await world.browser.settle(200)
    for (let round = 0; round < 40; round++) await world.emit(5)
    expect((await first).value?.data).toBe("1")
    expect(await take(iterator, 10)).toEqual(numbers(2, 11))
    const [next] = await take(iterator, 1)
    expect(gaps).toEqual([{ from: "11", reason: "slow-consumer", resumesAt: String(Number(next) - 1) }])
    expect(subscription.gaps).toBe(1)
  })

  test("shareAcrossTabs() stops reading when no tab has room, and goes on when one has", async () => {
    const world = new SharedWorld({ limits })
    const iterators = [world.create(), world.create()].map(({ subscription }) => iteratorOf(subscription))
    const firsts = iterators.map((iterator) => iterator.next())
    await world.browser.settle(200)
    for (let round = 0; round < 40; round++) await world.emit(5)
    expect((await Promise.all(firsts)).map(({ value }) => value?.data)).toEqual(["1", "1"])
    const [one, other] = iterators
    const slow = take(one!, 199)
    const alsoSlow = take(other!, 199)
    await world.browser.settle(200)
    expect([await slow, await alsoSlow]).toEqual([numbers(2, 200), numbers(2, 200)])
  })

  test.each([
    ["fails", {}],
    ["gets gaps", { onGap: () => {} }],
  ])(
    "shareAcrossTabs() delivers a chunk of more events than it keeps, in a tab that %s if it is slow",
    async (_, own) => {
      let send!: (text: string) => void
      const encoder = new TextEncoder()
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => void (send = (text) => controller.enqueue(encoder.encode(text))),
      })
      const fetch = async () => new Response(body, { headers: { "content-type": "text/event-stream" } })
      const world = new SharedWorld({ limits, fetch, ...own })
      const members = await world.openAll(2)
      for (const start of [1, 201]) {
        send(
          numbers(start, start + 199)
            .map((data) => `id: ${data}\ndata: ${data}\n\n`)
            .join(""),
        )
        await world.browser.settle(200)
      }
      expect(members.map(({ data }) => data)).toEqual([numbers(1, 400), numbers(1, 400)])
      expect(members.map(({ subscription: { gaps, state } }) => [gaps, state])).toEqual([
        [0, "open"],
        [0, "open"],
      ])
    },
  )
})
