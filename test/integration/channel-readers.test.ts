/* The clients of a channel on node:http, behind a proxy that cuts their connections. */
import { spawn, spawnSync } from "node:child_process"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { EventSource } from "eventsource"
import { type Browser, chromium as playwright } from "playwright"
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest"
import { subscribe } from "steadystream/client"
import { sendChannels } from "steadystream/node"
import type { Session } from "steadystream/server"
import {
  type ChannelReader,
  channelsOfTest,
  fetchReader,
  followOverCut,
  labelOf,
  LATE,
  localPeer,
  MANY,
  readerOf,
  untilSize,
} from "../support/channel-peers.ts"
import { chromiumArguments, findChromium } from "../support/chromium.ts"
import { startCuttingProxy } from "../support/cutting-proxy.ts"
import { listen } from "../support/listen.ts"

type StartReader = (url: string, cursor?: string) => ChannelReader | Promise<ChannelReader>

const executablePath = findChromium()
// Without curl its tests are skipped by name, which fails under `CI=true`.
const lacksCurl = process.env["CI"] !== "true" && spawnSync("curl", ["--version"]).status !== 0

let browser: Browser | undefined
beforeAll(async () => {
  if (executablePath !== undefined) browser = await playwright.launch({ executablePath, args: chromiumArguments })
})
afterAll(() => browser?.close())

/** The page and the channel of one server; clients reconnect after 20 ms. */
async function startPeer() {
  const channels = channelsOfTest()
  let newest: Session
  const onOpen = (session: Session) => {
    newest = session
    void session.send({ retry: 20 })
  }
  /** Sends an event to the newest client alone, which has no ID. */
  const greet = () => newest.send({ data: "hello" })
  const answer = (req: IncomingMessage, res: ServerResponse) => {
    if (req.url!.startsWith("/events")) void sendChannels(channels, req, res, "news", { onOpen })
    else res.setHeader("content-type", "text/html").end("<!doctype html><title>Channel</title>")
  }
  return { ...localPeer(await listen(createServer(answer)), channels), greet }
}

const urlOf = (url: string, cursor: string | undefined) =>
  cursor === undefined ? url : `${url}?lastEventId=${encodeURIComponent(cursor)}`

/** Keeps what an EventSource receives. The function also runs in a page, which has its own class. */
function record({ url, Source = globalThis.EventSource }: { url: string; Source?: typeof globalThis.EventSource }) {
  const seen: { event: string; data: string }[] = []
  const source = new Source(url)
  for (const event of ["message", "steadystream.gap"]) {
    source.addEventListener(event, ({ data }: MessageEvent<string>) => void seen.push({ event, data }))
  }
  return { seen, close: () => source.close() }
}

const eventSourceReader: StartReader = (url, cursor) => {
  const { seen, close } = record({ url: urlOf(url, cursor), Source: EventSource })
  onTestFinished(close)
  return { seen: () => seen.map(labelOf) }
}

const chromiumReader: StartReader = async (url, cursor) => {
  const page = await browser!.newPage()
  onTestFinished(() => page.close())
  await page.goto(new URL("/", url).href)
  const recording = await page.evaluateHandle(record, { url: urlOf(url, cursor) })
  return { seen: async () => (await recording.evaluate(({ seen }) => seen)).map(labelOf) }
}

const subscribeReader: StartReader = (url, lastEventId) => {
  const seen: string[] = []
  const subscription = subscribe(url, {
    retry: { initialDelay: 1 },
    ...(lastEventId !== undefined && { lastEventId }),
    onGap: ({ reason }) => seen.push(`gap ${reason}`),
  })
  const reading = subscription.listen({ onEvent: ({ data }) => seen.push(data) })
  onTestFinished(() => {
    subscription.close()
    return reading
  })
  return { seen: () => seen }
}

const curlReader = readerOf(async (url, cursor, signal) => {
  const header = cursor === undefined ? [] : ["-H", `last-event-id: ${cursor}`]
  const curl = spawn("curl", ["-sN", url, ...header], { stdio: ["ignore", "pipe", "ignore"] })
  signal.addEventListener("abort", () => curl.kill())
  return curl.stdout
})

const readers: readonly (readonly [name: string, start: StartReader, isMissing: boolean])[] = [
  ["Chromium's EventSource", chromiumReader, executablePath === undefined],
  ["the package eventsource", eventSourceReader, false],
  ["subscribe()", subscribeReader, false],
  ["curl -N", curlReader, lacksCurl],
  ["fetch with readEvents()", fetchReader, false],
]

describe.each(readers)("%s on a channel", (name, start, isMissing) => {
  test.skipIf(isMissing)(
    `${name} gets live events, is cut, comes back with its cursor and misses nothing`,
    async () => {
      const seen = await followOverCut(await startPeer(), start, ["3", "4"])
      expect(seen).toEqual(["1", "2", "3", "4", "live"])
    },
  )

  test.skipIf(isMissing)(`${name} comes back too late and gets a gap, and then what is kept`, async () => {
    expect(await followOverCut(await startPeer(), start, MANY)).toEqual(LATE)
  })

  test.skipIf(isMissing)(`${name} begins after the cursor of a state, and resumes after a newer one`, async () => {
    const peer = await startPeer()
    const proxy = await startCuttingProxy(peer.origin)
    const cursor = await peer.publish("in the state")
    await peer.publish("since then")
    const reader = await start(`${proxy.origin}/events`, cursor)
    await expect.poll(() => reader.seen(), { timeout: 30_000 }).toEqual(["since then"])
    proxy.cut()
    await peer.publish("missed")
    proxy.resume()
    reader.comeBack?.()
    await expect.poll(() => reader.seen(), { timeout: 30_000 }).toEqual(["since then", "missed"])
  })
})

describe.each(readers.slice(0, 3))("%s on a silent channel", (name, start, isMissing) => {
  test.skipIf(isMissing)(`${name} is cut before its first event of the channel and misses nothing`, async () => {
    const peer = await startPeer()
    const proxy = await startCuttingProxy(peer.origin)
    await peer.publish("before")
    const reader = await start(`${proxy.origin}/events`)
    await untilSize(peer, 1)
    await peer.greet()
    await expect.poll(() => reader.seen(), { timeout: 30_000 }).toEqual(["hello"])
    proxy.cut()
    await untilSize(peer, 0)
    await peer.publish("missed")
    proxy.resume()
    await expect.poll(() => reader.seen(), { timeout: 30_000 }).toEqual(["hello", "missed"])
  })
})
