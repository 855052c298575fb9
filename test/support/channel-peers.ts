/* What every counterpart of a channel must do, whichever server writes it and whichever client reads it. */
import { expect, onTestFinished } from "vitest"
import { readEvents, type SseEvent } from "steadystream"
import { type Channels, createChannels, memoryStore } from "steadystream/server"
import { startCuttingProxy } from "./cutting-proxy.ts"

/** How many events a channel of these tests keeps. */
export const KEPT = 3

/** More events than a node has at hand for clients that come back, however few its store keeps. */
export const MANY: readonly string[] = Array.from({ length: 2_010 }, (_, at) => String(at + 3))

/** A server with one channel, at `/events`. */
export interface ChannelPeer {
  readonly origin: string
  /** Publishes events and returns the cursor of the last one. */
  publish(...data: readonly string[]): Promise<string>
  /** Returns the number of sessions. */
  size(): number | Promise<number>
}

/** A client of a channel. */
export interface ChannelReader {
  /** Returns the data of the events so far; a gap is the word "gap" and its reason. */
  seen(): readonly string[] | Promise<readonly string[]>
  /** Connects again from the last cursor; missing if the client does so by itself. */
  comeBack?(): void
}

/** A client that does not connect again by itself. */
export interface SingleReader extends ChannelReader {
  /** How its connections ended, each with "clean" or an error. */
  readonly ends: readonly unknown[]
}

/** Starts a client of the channel at a URL. */
export type StartReader = (url: string) => ChannelReader | Promise<ChannelReader>

const patiently = { timeout: 30_000 }

/** Channels for one test, which keep {@link KEPT} events. */
export function channelsOfTest(): Channels {
  const channels = createChannels({ store: memoryStore({ retention: { events: KEPT } }) })
  onTestFinished(() => channels.closeAll({ within: 0 }))
  return channels
}

/** The counterpart that serves `channels` in this process. */
export function localPeer(origin: string, channels: Channels): ChannelPeer {
  return {
    origin,
    publish: (...all) => publishAll(channels, all),
    size: () => channels.size("news"),
  }
}

/** Publishes one event after the other, and returns the cursor of the last one. */
export async function publishAll(channels: Channels, all: readonly string[]): Promise<string> {
  let last = ""
  for (const data of all) last = (await channels.publish("news", { data })).cursor
  return last
}

/** Returns what {@link ChannelReader.seen} shows of an event. */
export function labelOf({ event, data }: Pick<SseEvent, "event" | "data">): string {
  return event === "steadystream.gap" ? `gap ${(JSON.parse(data) as { reason: string }).reason}` : data
}

/** A client that reads one response after the other, each with the cursor of the event before. */
export function readerOf(
  open: (url: string, cursor: string | undefined, signal: AbortSignal) => Promise<Response | AsyncIterable<Uint8Array>>,
): (url: string, cursor?: string) => SingleReader {
  return (url, start) => {
    const stop = new AbortController()
    onTestFinished(() => stop.abort())
    const seen: string[] = []
    const ends: unknown[] = []
    let cursor = start
    const read = async () => {
      for await (const event of readEvents(await open(url, cursor, stop.signal))) {
        seen.push(labelOf(event))
        cursor = event.lastEventId
      }
      ends.push("clean")
    }
    const comeBack = () => void read().catch((error: unknown) => ends.push(error))
    comeBack()
    return { seen: () => seen, comeBack, ends }
  }
}

/** Node's own `fetch` with `readEvents`. */
export const fetchReader: (url: string, cursor?: string) => SingleReader = readerOf((url, cursor, signal) =>
  fetch(url, { headers: cursor === undefined ? {} : { "last-event-id": cursor }, signal }),
)

/** What a client sees that was away while {@link MANY} events were published. */
export const LATE: readonly string[] = ["1", "2", "gap trimmed", ...MANY.slice(-KEPT), "live"]

/** A client connects, is cut while events are published, and comes back; returns all that it has seen. */
export async function followOverCut(
  peer: ChannelPeer,
  start: StartReader,
  missed: readonly string[],
): Promise<readonly string[]> {
  const proxy = await startCuttingProxy(peer.origin)
  const reader = await start(`${proxy.origin}/events`)
  const newest = async () => (await reader.seen()).at(-1)
  await untilSize(peer, 1)
  // One at a time, so that an event that is held back until the next one is found.
  for (const data of ["1", "2"]) {
    await peer.publish(data)
    await expect.poll(newest, patiently).toBe(data)
  }
  proxy.cut()
  await untilSize(peer, 0)
  await peer.publish(...missed)
  proxy.resume()
  reader.comeBack?.()
  await untilSize(peer, 1)
  await expect.poll(newest, patiently).toBe(missed.at(-1))
  await peer.publish("live")
  await expect.poll(newest, patiently).toBe("live")
  return reader.seen()
}

/** Waits until the server has as many sessions. */
export async function untilSize(peer: ChannelPeer, size: number): Promise<void> {
  await expect.poll(() => peer.size(), patiently).toBe(size)
}
