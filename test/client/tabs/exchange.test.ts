import { expect, test } from "vitest"
import type { Events, Message } from "../../../src/client/tabs/messages.ts"
import { Exchange } from "../../../src/client/tabs/exchange.ts"
import { SharedLog } from "../../../src/client/tabs/shared-log.ts"

const place = (epoch: number, seq: number) => ({ epoch, seq, lastEventId: String(seq), hasId: true })

function entryOf(epoch: number, seq: number) {
  const id = String(seq)
  return { ...place(epoch, seq), event: { event: "message", data: `${epoch}/${seq}`, id, lastEventId: id } }
}

const ofLeader = {
  kind: "events",
  isLeader: true,
  state: "open",
  retries: 0,
  url: undefined,
  answer: undefined,
} as const

function exchange() {
  const data: string[] = []
  const posted: Message[] = []
  const calls: string[] = []
  const result = new Exchange("me", "https://example.com/", 0, new SharedLog("", 10, 1_000), {
    post: (message) => void posted.push(message),
    onEntries: (entries) => void data.push(...entries.map(({ event }) => event!.data)),
    onRollback: (entries) => void calls.push(`rollback ${entries.map(({ seq }) => seq).join()}`),
    onLeader: (state) => void calls.push(state),
    onAligned: () => {},
    onMissing: () => {},
    onReplaced: () => void calls.push("replaced"),
    onOtherUrl: () => {},
    onEnd: () => void calls.push("end"),
    onTaken: () => {},
  })
  result.ask()
  const answer = { to: "me", number: 1, by: "start" } as const
  result.onMessage({ ...ofLeader, epoch: 5, prev: place(5, 0), entries: [], answer } satisfies Events)
  result.onMessage({ ...ofLeader, epoch: 5, prev: place(5, 0), entries: [entryOf(5, 1)] })
  calls.length = 0
  return { exchange: result, data, posted, calls }
}

test("Exchange applies no message of an earlier epoch", () => {
  const { exchange: it, data, calls } = exchange()
  it.onMessage({ ...ofLeader, epoch: 4, prev: place(5, 1), entries: [entryOf(4, 2)], state: "waiting" })
  const ending = { reason: "no-content", mark: undefined } as const
  it.onMessage({ kind: "end", epoch: 4, last: place(5, 1), ending, failure: undefined })
  expect([data, calls, it.state]).toEqual([["5/1"], [], "open"])
})

test("Exchange goes back to the last place that it has in common with a new leader", () => {
  const { exchange: it, data, calls } = exchange()
  it.onMessage({ ...ofLeader, epoch: 5, prev: place(5, 1), entries: [entryOf(5, 2), entryOf(5, 3)] })
  it.onMessage({ ...ofLeader, epoch: 6, prev: place(5, 1), entries: [] })
  it.onMessage({ ...ofLeader, epoch: 6, prev: place(5, 1), entries: [entryOf(6, 2)] })
  expect(data).toEqual(["5/1", "5/2", "5/3", "6/2"])
  expect(calls).toEqual(["open", "open", "rollback 2,3", "open"])
})

test("Exchange stops leading when a leader of a later epoch is heard", () => {
  const { exchange: it, calls } = exchange()
  it.lead(0)
  it.onMessage({ ...ofLeader, epoch: 5, prev: place(5, 1), entries: [] })
  expect(calls).toEqual([])
  it.onMessage({ ...ofLeader, epoch: 7, prev: place(5, 1), entries: [] })
  expect(calls).toEqual(["replaced", "open"])
})
