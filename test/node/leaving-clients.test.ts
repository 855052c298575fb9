import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { sendChannels, sendEventStream } from "steadystream/node"
import { createChannels, memoryStore, type Session, SseSessionError } from "steadystream/server"
import { ManualClock } from "steadystream/testing"
import { expect, test, vi } from "vitest"
import { listen, rawRequest } from "../support/listen.ts"
import { countedSignal } from "../support/streams.ts"
import { failOnUnhandledRejections } from "../support/unhandled.ts"

failOnUnhandledRejections()

const CLIENTS = 200
const AT_ONCE = 20
const REQUEST = "GET / HTTP/1.1\r\nhost: a\r\n\r\n"

setFlagsFromString("--expose-gc")
const gc = runInNewContext("gc") as () => void

type Kind = "FIN" | "RST"

/** Serves with `send`, and has clients come and leave. Returns when every call of `send` has settled. */
async function playLeaving(kind: Kind, send: (req: IncomingMessage, res: ServerResponse) => Promise<void>) {
  const sent: Promise<void>[] = []
  const server = createServer((req, res) => void sent.push(send(req, res)))
  const origin = await listen(server)
  for (let client = 0; client < CLIENTS; client += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, () => comeAndLeave(origin, kind)))
  }
  await Promise.all(sent)
  expect(sent).toHaveLength(CLIENTS)
  await vi.waitFor(() => expect(connectionsOf(server)).resolves.toBe(0), { timeout: 30_000, interval: 20 })
}

async function comeAndLeave(origin: string, kind: Kind): Promise<void> {
  const client = await rawRequest(origin, REQUEST)
  await vi.waitFor(() => expect(client.text).toContain("\r\n\r\n"), { timeout: 30_000, interval: 5 })
  if (kind === "FIN") client.socket.end()
  else client.socket.resetAndDestroy()
}

function connectionsOf(server: ReturnType<typeof createServer>): Promise<number> {
  return new Promise((resolve) => server.getConnections((_, count) => resolve(count)))
}

/** The number of sessions that garbage collection leaves. */
async function leftOf(sessions: readonly WeakRef<object>[]): Promise<number> {
  for (let round = 0; round < 20; round++) {
    await new Promise((resolve) => setImmediate(resolve))
    gc()
  }
  return sessions.filter((session) => session.deref() !== undefined).length
}

const never = new Promise<void>(() => {})

/** Sources that wait when their client leaves. */
const SOURCES: Record<string, (session: Session) => unknown> = {
  async "a generator that waits"(session) {
    return (async function* () {
      yield { data: "1" }
      await new Promise((resolve) => session.signal.addEventListener("abort", resolve))
    })()
  },
  async "a function that waits for its signal"(session) {
    void session.send({ data: "1" })
    await new Promise((resolve) => session.signal.addEventListener("abort", resolve))
  },
  async "a function that awaits send()"(session) {
    const data = "x".repeat(1_000)
    for (;;) {
      await session.send({ data })
      await new Promise((resolve) => setImmediate(resolve))
    }
  },
  async "a function that does not await send()"(session) {
    for (let n = 0; n < 20; n++) void session.send({ data: "x".repeat(10_000) })
    await session.closed
  },
  "a function that keeps its session open"(session) {
    void session.send({ data: "1" })
  },
}

const kinds: readonly Kind[] = ["FIN", "RST"]

test.each(kinds.flatMap((kind) => Object.keys(SOURCES).map((name) => [name, kind] as const)))(
  `sendEventStream() of %s leaves nothing behind ${CLIENTS} clients that leave by %s`,
  async (name, kind) => {
    const clock = new ManualClock()
    const { controller, listeners } = countedSignal()
    const sessions: WeakRef<object>[] = []
    const onError = vi.fn<(error: unknown) => void>()
    const { signal } = controller
    await playLeaving(kind, (req, res) => {
      const source = (session: Session) => {
        sessions.push(new WeakRef(session))
        return SOURCES[name]!(session) as never
      }
      return sendEventStream(req, res, source, { clock, signal, onError })
    })
    expect([clock.pendingTimers, listeners(), onError.mock.calls]).toEqual([0, 0, []])
    expect(sessions).toHaveLength(CLIENTS)
    // The last ones may be on the stack of the runtime.
    expect(await leftOf(sessions)).toBeLessThanOrEqual(AT_ONCE)
  },
)

test.each(kinds)(`sendChannels() leaves nothing behind ${CLIENTS} clients that leave by %s`, async (kind) => {
  const clock = new ManualClock()
  const { controller, listeners } = countedSignal()
  const sessions: WeakRef<object>[] = []
  const store = memoryStore({ clock })
  let watches = 0
  const watch = store.watch.bind(store)
  store.watch = (...args) => {
    const { ready, stop } = watch(...args)
    watches++
    return { ready, stop: () => (watches--, stop()) }
  }
  const channels = createChannels({ clock, store })
  await channels.publish("news", { data: "1" })
  const { signal } = controller
  await playLeaving(kind, (req, res) => {
    const names = ["news", `user:${sessions.length}`]
    const onOpen = (session: Session) => void sessions.push(new WeakRef(session))
    return sendChannels(channels, req, res, names, { signal, onOpen, since: "start" })
  })
  expect([channels.size(), channels.size("news"), listeners()]).toEqual([0, 0, 0])
  expect(channels.stats()).toMatchObject({ sessions: 0, behind: 0, delivered: CLIENTS, droppedSlow: 0 })
  await clock.advance(10_000)
  expect([clock.pendingTimers, watches]).toEqual([0, 0])
  expect(await leftOf(sessions)).toBeLessThanOrEqual(AT_ONCE)
})

test("send() without await is bounded for a client that takes nothing, and breaks its connection", async () => {
  const outcomes: Promise<unknown>[] = []
  let most = 0
  const server = createServer((req, res) => {
    void sendEventStream(req, res, async (session) => {
      for (let n = 0; session.state === "open" && n < 1_000_000; n++) {
        outcomes.push(session.send({ data: "x".repeat(2_000) }).catch((error: unknown) => error))
        most = Math.max(most, res.writableLength)
      }
      await never
    })
  })
  const client = await rawRequest(await listen(server), REQUEST)
  client.socket.pause()
  await vi.waitFor(() => expect(outcomes.length).toBeGreaterThan(0))
  const refused = await outcomes.at(-1)!
  expect(refused).toBeInstanceOf(SseSessionError)
  expect(refused).toMatchObject({ code: "slow-consumer" })
  // What the socket takes at once, and 1 MiB that waits.
  expect(outcomes.length).toBeLessThan(5_000)
  expect(most).toBeLessThan(1_000_000)
  client.socket.resume()
  await vi.waitFor(() => expect(client.ended).toBe(true))
})
