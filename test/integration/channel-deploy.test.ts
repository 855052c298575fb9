import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest"
import { subscribe } from "steadystream/client"
import { bundleProgram, remotePeer, startProgram } from "../support/channel-program.ts"
import { startCuttingProxy } from "../support/cutting-proxy.ts"

const CLIENTS = 50
const patiently = { timeout: 30_000 }

let program: Awaited<ReturnType<typeof bundleProgram>>
beforeAll(async () => {
  program = await bundleProgram("test/integration/deploy-main.ts")
})
afterAll(() => program.remove())

/** One client, with the data of its events, its gaps, and whether it has ended. */
function startClient(url: string) {
  const client = { seen: [] as string[], gaps: [] as unknown[], retries: [] as unknown[], hasEnded: false }
  const subscription = subscribe(url, {
    retry: { initialDelay: 1, jitter: false },
    onGap: ({ from, reason }) => client.gaps.push([client.seen.length, from, reason]),
    onRetry: ({ error, delay }) => client.retries.push([error.code, delay]),
  })
  let isOver = false
  const reading = subscription
    .listen({ onEvent: ({ data }) => client.seen.push(data) })
    .catch((error: unknown) => void client.retries.push(error))
    .finally(() => (client.hasEnded = !isOver))
  onTestFinished(() => {
    isOver = true
    subscription.close()
    return reading
  })
  return client
}

/** The data of the events `first` to `last` of a process. */
const range = (name: string, first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, at) => `${name}${first + at}`)
const numberOf = (data: string) => Number(data.slice(1))

test("a deploy moves 50 clients to a new process: each learns of the gap, goes on, and none ends", async () => {
  const start = (name: string) => startProgram([process.execPath, program.path, name])
  const a = await start("a")
  const proxy = await startCuttingProxy(a.origin)
  const clients = Array.from({ length: CLIENTS }, () => startClient(`${proxy.origin}/events`))
  await expect.poll(() => clients.every(({ seen }) => seen.length > 2), patiently).toBe(true)

  const b = await start("b")
  proxy.route(b.origin)
  expect(await a.terminate()).toBe(0)
  await expect.poll(() => clients.every(({ seen }) => seen.at(-1)!.startsWith("b")), patiently).toBe(true)
  const after = clients.map(({ seen }) => seen.length)
  await expect.poll(() => clients.every(({ seen }, at) => seen.length > after[at]! + 2), patiently).toBe(true)

  expect(await remotePeer(b.origin).size()).toBe(CLIENTS)
  for (const { seen, gaps, retries, hasEnded } of clients) {
    const fromA = seen.filter((data) => data.startsWith("a"))
    // The channel of the new process is kept from its first event.
    expect(seen).toEqual([
      ...range("a", numberOf(seen[0]!), numberOf(fromA.at(-1)!)),
      ...range("b", 1, numberOf(seen.at(-1)!)),
    ])
    expect(gaps).toEqual([[fromA.length, expect.stringMatching(/-\d+$/), "epoch"]])
    // The reconnection time shows that the old process ended each of them, and did not only exit.
    expect([retries, hasEnded]).toEqual([[["connection", 250]], false])
  }
})
