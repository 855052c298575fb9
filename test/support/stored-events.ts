/* The numbered events of fault tests: how they are stored, and what a reader shows of them. */
import type { EventStore, StoreAppended } from "steadystream/server"
import type { ChannelClient } from "./channel-client.ts"
import { labelOf } from "./channel-peers.ts"
import { untilStored } from "./redis-node.ts"

/** How long these tests wait for what must happen. */
export const patiently = { timeout: 30_000, interval: 5 }

/** The data of the events `from` to `to`. */
export const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, at) => `${from + at}`)

/** The text that a store keeps of an event. */
export const textOf = (data: string): string => `data: ${data}\n\n`
export const dataOf = ({ text }: { readonly text: string }): string => text.slice("data: ".length, -2)

/** The data of what a session got; a gap is the word "gap" and its reason. */
export const seenBy = (client: ChannelClient): string[] => client.read.events.map(labelOf)

/** Appends numbered events one after the other, each until the store has confirmed it, always with the same mark. */
export async function appendAll(
  store: EventStore,
  log: string,
  all: readonly string[],
): Promise<{ readonly cursors: string[]; readonly failures: number }> {
  const appended: StoreAppended[] = []
  let failures = 0
  for (const data of all) {
    const dedupe = { producer: "test", seq: Number(data) }
    const [result, failed] = await untilStored(() => store.append(log, [{ text: textOf(data) }], { dedupe }))
    appended.push(result)
    failures += failed
  }
  return { cursors: appended.flatMap(({ cursors }) => cursors), failures }
}

/** The data of every event that a log keeps. */
export async function storedIn(store: EventStore, log: string): Promise<string[]> {
  const { events } = await store.read(log, "start", { maxEvents: 10_000 })
  return events.map(dataOf)
}
