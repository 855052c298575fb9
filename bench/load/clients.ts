/* The process of the clients: it opens, stops, counts and closes them when the coordinator asks for it. */
import { serveCommands } from "./child.ts"
import type { Totals } from "./event-counter.ts"
import { sleep, stamp, until } from "./stamp.ts"
import { StreamClient } from "./stream-client.ts"

export interface OpenRequest {
  readonly port: number
  readonly count: number
  /** The number of the first event, if it is known. */
  readonly next?: number
  readonly lastEventId?: string
}

/** The milliseconds from the publishing of an event to its receipts. */
export interface Latencies {
  readonly p50: number
  readonly p99: number
}

/** The clients that connect at the same time. */
const IN_FLIGHT = 200

const clients = new Set<StreamClient>()
const totals: Totals = { events: 0, lost: 0, doubled: 0, gaps: 0, skipped: 0 }
/** How many clients have received an event, by its number. */
const arrivals = new Map<number, number>()
/** The latencies of the event that is measured. */
let measured: { readonly sequence: number; readonly latencies: number[] } = { sequence: 0, latencies: [] }
let opened = 0
/** The clients that the server has disconnected. */
let dropped = 0
let failure: string | undefined
let isClosing = false

const receiver = {
  totals,
  onEvent(sequence: number, sent: number): void {
    arrivals.set(sequence, (arrivals.get(sequence) ?? 0) + 1)
    if (sequence > measured.sequence) measured = { sequence, latencies: [] }
    if (sequence === measured.sequence) measured.latencies.push(stamp() - sent)
  },
}

/** Opens a client. The promise resolves when it is open or over. */
function openClient(request: Omit<OpenRequest, "count">): { client: StreamClient; settled: Promise<void> } {
  let settle = (): void => {}
  const settled = new Promise<void>((resolve) => (settle = resolve))
  const client = new StreamClient({
    ...request,
    receiver,
    onOpen() {
      opened++
      settle()
    },
    onClose(reason) {
      if (clients.delete(client) && !isClosing) {
        dropped++
        failure ??= reason
      }
      settle()
    },
  })
  clients.add(client)
  return { client, settled }
}

const commands = {
  /** Opens clients; resolves with the milliseconds until all are open or over. */
  async open({ count, ...request }: OpenRequest): Promise<number> {
    isClosing = false
    const start = stamp()
    let left = count
    const openNext = async (): Promise<void> => {
      while (left-- > 0) await openClient(request).settled
    }
    await Promise.all(Array.from({ length: IN_FLIGHT }, openNext))
    return stamp() - start
  },

  /** Resolves when every client has received an event. */
  async received({ sequence, deadline }: { sequence: number; deadline: number }): Promise<void> {
    const missing = () => clients.size - (arrivals.get(sequence) ?? 0)
    await until(() => missing() <= 0, deadline, `all clients must receive event ${sequence}`).catch((error: Error) => {
      throw new Error(`${error.message}; ${missing()} have not`)
    })
  },

  /** The latencies of the newest event. */
  latencies(): Latencies {
    const sorted = Float64Array.from(measured.latencies).toSorted()
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
    return { p50: at(0.5), p99: at(0.99) }
  },

  counts: () => ({ ...totals, opened, dropped, failure, open: clients.size }),

  pause(): void {
    for (const client of clients) client.pause()
  },

  resume(): void {
    for (const client of clients) client.resume()
  },

  /** Opens and closes clients at a constant rate, the oldest first; every second one is reset. */
  async churn({ port, rate, ms }: { port: number; rate: number; ms: number }): Promise<number> {
    const start = stamp()
    let done = 0
    while (stamp() - start < ms) {
      for (; done < ((stamp() - start) / 1000) * rate; done++) {
        openClient({ port })
        const [oldest] = clients
        if (clients.size > 2 * rate) closeClient(oldest!, done % 2 === 0)
      }
      await sleep(5)
    }
    return done
  },

  /** Closes all clients. The counts of events go on. */
  async close(): Promise<void> {
    isClosing = true
    for (const client of clients) client.close(true)
    await until(() => clients.size === 0, 10_000, "all clients must close")
    arrivals.clear()
  },
}

function closeClient(client: StreamClient, isReset: boolean): void {
  clients.delete(client)
  client.close(isReset)
}

export type ClientCommands = typeof commands

serveCommands(commands)
