import { createChannels, type EventStore, memoryStore, type StoreNews } from "steadystream/server"
import { ManualClock } from "steadystream/testing"
import { expect, test } from "vitest"
import { ChannelClient, settleTasks } from "../../support/channel-client.ts"
import { describeChannelStores } from "../../support/channel-worlds.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"

failOnUnhandledRejections()

/** A store that begins a new epoch when it restarts, and has lost nothing: earlier cursors stay valid. */
class RenewedStore {
  reads = 0
  readonly store: EventStore
  readonly #inner: EventStore
  #run = 0

  constructor(inner: EventStore) {
    this.#inner = inner
    this.store = {
      append: async (...args) => {
        const { cursors, duplicate } = await inner.append(...args)
        return { cursors: cursors.map((cursor) => this.#outer(cursor)), duplicate }
      },
      read: async (log, after, options) => {
        this.reads++
        const page = await inner.read(log, after.replace(/_\d+-/, "-"), options)
        const { first, last, ...state } = page.state
        return {
          ...page,
          events: page.events.map((event) => ({ ...event, cursor: this.#outer(event.cursor) })),
          next: this.#outer(page.next),
          state: { ...state, first: this.#outer(first), last: this.#outer(last) },
        }
      },
      watch: (log, onNews) => inner.watch(log, (news) => onNews(news && this.#outerNews(news))),
      claim: (...args) => inner.claim(...args),
      cancel: (...args) => inner.cancel(...args),
      drop: (log) => inner.drop(log),
      close: () => inner.close(),
    }
  }

  restart(): void {
    this.#run++
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  #outer(cursor: string): string {
    return cursor.replace("-", `_${this.#run}-`)
  }

  #outerNews(news: StoreNews): StoreNews {
    const events = news.events.map((event) => ({ ...event, cursor: this.#outer(event.cursor) }))
    return { ...news, after: this.#outer(news.after), events }
  }
}

const range = (name: string, from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => `${name}${from + at}`)

describeChannelStores("channels of a store that begins a new epoch", (open) => {
  test("sessions go on without a gap when the store goes on in a new epoch, and get cursors of it", async () => {
    const world = await open()
    const { clock } = world
    const renewed = new RenewedStore(world.store())
    const channels = createChannels({ clock, store: renewed.store, keepAlive: 0, writeTimeout: 0 })
    const one = new ChannelClient(channels, "a")
    const both = new ChannelClient(channels, ["a", "b"])
    await world.settle()
    let published = 0
    const publish = async (count: number) => {
      for (let last = published + count; published < last;) {
        published++
        for (const name of ["a", "b"]) await channels.publish(name, { data: `${name}${published}` })
        // News that comes during a read would be a reason to read again.
        await world.settle()
      }
    }
    for (let runs = 0; runs < 4; runs++) {
      const { reads } = renewed
      await publish(10)
      // The first event of each log is read; what follows it is news.
      expect(renewed.reads - reads).toBeLessThanOrEqual(2)
      expect(one.data).toEqual(range("a", 1, published))
      expect(both.data.filter((data) => data.startsWith("a"))).toEqual(range("a", 1, published))
      expect(both.data.filter((data) => data.startsWith("b"))).toEqual(range("b", 1, published))
      for (const { read } of [one, both]) expect(read.lastEventId).toContain(`_${runs}-${published}`)
      renewed.restart()
    }
    const back = [one, both].map((client) => {
      const names = client === one ? "a" : ["a", "b"]
      return new ChannelClient(channels, names, { cursor: client.read.lastEventId })
    })
    await publish(1)
    expect(back.map(({ data }) => data)).toEqual([["a41"], ["a41", "b41"]])
    await channels.closeAll({ within: 0 })
    await renewed.close()
  })
})

test("a reader takes news of another epoch, whose sequences begin anew, at once", async () => {
  const stores = [memoryStore(), memoryStore()] as const
  let current: EventStore = stores[0]
  const store: EventStore = {
    append: (...args) => current.append(...args),
    read: (...args) => current.read(...args),
    watch: (log, onNews) => {
      const watches = stores.map((one) => one.watch(log, onNews))
      const ready = Promise.all(watches.map((watch) => watch.ready)).then(() => {})
      return { ready, stop: () => watches.forEach((watch) => watch.stop()) }
    },
    claim: (...args) => current.claim(...args),
    cancel: (...args) => current.cancel(...args),
    drop: (log) => current.drop(log),
    close: () => current.close(),
  }
  const channels = createChannels({ clock: new ManualClock(), store })
  const client = new ChannelClient(channels, "news")
  await settleTasks()
  for (const data of ["1", "2", "3"]) await channels.publish("news", { data })
  current = stores[1]
  await channels.publish("news", { data: "4" })
  await settleTasks(5)
  expect(client.data.filter((data) => !data.startsWith("{"))).toEqual(["1", "2", "3", "4"])
})
