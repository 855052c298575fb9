/* Seeds of interleavings: what any reader of any node gets is a part of one log without a hole, and one end. */
import { expect, test } from "vitest"
import { type AnswerState, createAnswers, memoryStore, type StoredAnswer } from "steadystream/server"
import { ManualClock } from "steadystream/testing"
import { type AnswerClient, connect, TestSource } from "../../support/answer-client.ts"
import { settleTasks } from "../../support/channel-client.ts"
import { FaultyStore } from "../../support/faulty-store.ts"
import { failOnUnhandledRejections } from "../../support/unhandled.ts"
import { randomOf } from "../../support/unreliable-store.ts"

failOnUnhandledRejections()

const SEEDS = 400
const LEASE = 4_000
const END = "steadystream.end"

interface Reader {
  readonly client: AnswerClient
  /** The cursor that it came with. */
  readonly cursor: string
  readonly node: number
}

/** One run: an answer, three nodes and clients, all driven by one random sequence. */
class Run {
  readonly random: () => number
  readonly clock: ManualClock
  readonly nodes: readonly { readonly answers: ReturnType<typeof createAnswers>; readonly store: FaultyStore }[]
  readonly readers: Reader[] = []
  readonly sources: TestSource[] = []
  readonly ends: AnswerState[] = []
  /** What the producers were told of the answer when they took it over. */
  readonly taken: StoredAnswer[] = []
  readonly losses: string[] = []
  /** The cursors at which the log ended as done; a takeover may have followed. */
  readonly wholes: string[] = []
  /** The cursors of the other ends, with their status. */
  readonly breaks: string[] = []
  #pushed = 0

  constructor(seed: number) {
    this.random = randomOf(seed)
    const clock = new ManualClock({ random: this.random })
    this.clock = clock
    const inner = memoryStore({ clock })
    inner.watch("answer:42", (news) => {
      if (news?.end === undefined) return
      const last = news.events.at(-1)?.cursor ?? news.after
      if (news.end.status === "done") this.wholes.push(last)
      else this.breaks.push(`${last}.end ${JSON.stringify(news.end)}`)
    })
    const minInterval = this.draw(2) * 20
    this.nodes = [0, 1, 2].map(() => {
      const store = new FaultyStore(inner)
      const onLost = (id: string) => void this.losses.push(id)
      const options = { store, clock, lease: LEASE, minInterval, writeTimeout: 0, onLost, onError: () => {} }
      return { store, answers: createAnswers(options) }
    })
  }

  draw(count: number): number {
    return Math.floor(this.random() * count)
  }

  async start(takeOver: boolean): Promise<void> {
    const { answers } = this.nodes[this.draw(3)]!
    const source = new TestSource()
    const make = (signal: AbortSignal, stored: StoredAnswer) => {
      this.taken.push(stored)
      this.sources.push(source)
      return source.make(signal)
    }
    const answer = await answers.start("42", make, { takeOver }).catch(() => undefined)
    void answer?.ended.then((state) => this.ends.push(state))
  }

  async join(): Promise<void> {
    const known =
      this.readers.length > 0 && this.draw(2) === 0 ? this.readers[this.draw(this.readers.length)] : undefined
    const cursor = known?.client.cursor ?? ""
    const node = this.draw(3)
    const room = this.draw(2) === 0 ? Infinity : 1 + this.draw(4)
    const client = await connect(this.nodes[node]!.answers, "42", { cursor, room }).catch(() => 500)
    if (typeof client !== "number") this.readers.push({ client, cursor, node })
  }

  async act(takesOver: boolean): Promise<void> {
    const act = this.draw(24)
    const { store, answers } = this.nodes[this.draw(3)]!
    const any = this.readers[this.draw(this.readers.length)]?.client
    if (act < 7) this.sources.at(-1)?.push(...Array.from({ length: 1 + this.draw(3) }, () => `${this.#pushed++}`))
    else if (act < 12) await this.join()
    else if (act < 14) any?.take(1 + this.draw(3))
    else if (act < 16) (any?.session.state === "open" ? any : undefined)?.leave()
    else if (act < 17) store.isDeaf = !store.isDeaf
    else if (act < 18) store.isDown = !store.isDown
    else if (act < 19) store.losesReplies = !store.losesReplies
    else if (act < 21) await this.clock.advance(this.draw(600))
    else if (act < 22 && this.draw(3) === 0) await answers.cancel("42", "stop").catch(() => {})
    else if (act < 23 && this.draw(3) === 0) this.sources.at(-1)?.end()
    else if (takesOver && this.draw(3) === 0) await this.start(true)
    else if (this.draw(4) === 0) await this.clock.advance(LEASE + 1_000)
  }

  /** Plays, and then waits until everything has arrived. */
  async play(takesOver: boolean): Promise<void> {
    await this.start(false)
    for (let step = 0; step < 60; step++) {
      await this.act(takesOver)
      if (this.draw(3) === 0) await settleTasks(1)
    }
    for (const { store } of this.nodes) Object.assign(store, { isDeaf: false, isDown: false, losesReplies: false })
    for (const { client } of this.readers) client.take()
    await this.clock.advance(3 * LEASE)
    this.sources.at(-1)?.end()
    await this.clock.advance(3 * LEASE)
    // A producer without a source may be left, and its answer is lost by now.
    await this.clock.advance(20_000)
  }
}

/** The data of the log, after which each reader must have got a part without a hole. */
async function logOf(run: Run): Promise<{ data: string[]; cursors: string[] }> {
  const { events } = await run.nodes[0]!.store.read("answer:42", "start", { maxEvents: 10_000 })
  return { data: events.map(({ text }) => /data: (.*)/.exec(text)![1]!), cursors: events.map(({ cursor }) => cursor) }
}

function check(reader: Reader, log: { data: string[]; cursors: string[] }): string | undefined {
  const { events } = reader.client.read
  const last = events.at(-1)
  const isEnd = last?.event === END
  const body = isEnd ? events.slice(0, -1) : events
  expect(body.map(({ event }) => event)).toEqual(body.map(() => "message"))
  const from = reader.cursor === "" ? 0 : log.cursors.indexOf(reader.cursor.replace(".end", "")) + 1
  expect(body.map(({ data }) => data)).toEqual(log.data.slice(from, from + body.length))
  expect(body.map(({ lastEventId }) => lastEventId)).toEqual(log.cursors.slice(from, from + body.length))
  if (!isEnd || last === undefined) return undefined
  const before = body.at(-1)?.lastEventId ?? reader.cursor.replace(".end", "")
  if (before !== "") expect(last.lastEventId).toBe(`${before}.end`)
  expect(reader.client.ending).toBe("clean")
  return `${last.lastEventId} ${last.data}`
}

test.each([false, true])(
  "createAnswers sends every reader of every node a part of the log without a hole, and one end (takeovers: %s)",
  { timeout: 120_000 },
  async (takesOver) => {
    const counts = { clean: 0, ends: new Map<string, number>(), stored: 0, resumed: 0 }
    for (let seed = 1; seed <= SEEDS; seed++) {
      const run = new Run(seed)
      await run.play(takesOver)
      const log = await logOf(run)
      const state = await run.nodes[0]!.answers.state("42")
      const ends = new Set<string>()
      for (const [at, reader] of run.readers.entries()) {
        try {
          const end = check(reader, log)
          if (end !== undefined) {
            ends.add(end)
            expect(run.breaks).toContain(end)
          }
          // A reader that stayed has everything up to the end.
          if (reader.client.ending === "clean") {
            counts.clean++
            if (end === undefined && reader.client.cursor !== "") {
              expect(run.wholes).toContain(reader.client.cursor.replace(".end", ""))
            }
          }
          expect(reader.client.ending).not.toBe("open")
          if (reader.cursor !== "") counts.resumed++
        } catch (error) {
          throw new Error(`Seed ${seed}, reader ${at} from ${reader.cursor}:\n${reader.client.text}`, { cause: error })
        }
      }
      expect(state!.status).not.toBe("running")
      // Without a takeover there is one end, with one text.
      if (!takesOver) expect(ends.size, `seed ${seed}`).toBeLessThanOrEqual(1)
      if (!takesOver) for (const end of run.ends) expect(end, `seed ${seed}`).toEqual(state)
      for (const { events } of run.taken)
        expect(events.map(({ data }) => data)).toEqual(log.data.slice(0, events.length))
      expect(log.data.map(Number)).toEqual(log.data.map(Number).toSorted((a, b) => a - b))
      counts.ends.set(state!.status, (counts.ends.get(state!.status) ?? 0) + 1)
      counts.stored += log.data.length
      await Promise.all(run.nodes.map(({ answers }) => answers.closeAll({ within: 0 })))
      expect([run.nodes.map(({ store }) => store.watches), run.clock.pendingTimers]).toEqual([[0, 0, 0], 0])
    }
    expect([...counts.ends.keys()].toSorted()).toEqual(["cancelled", "done", "lost"])
    for (const count of [counts.clean, counts.stored, counts.resumed]) expect(count).toBeGreaterThan(SEEDS)
  },
)
