/* The process of the server under test: it publishes and measures itself when the coordinator asks for it. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { serveCommands } from "./child.ts"
import { contenders, redisChannels, redisUserChannels, type ServerName, userChannels } from "./contenders.ts"
import { sleep, stamp } from "./stamp.ts"

/** What a process takes after a collection of garbage, in bytes. */
export interface Memory {
  readonly rss: number
  /** The heap, and the buffers outside of it. */
  readonly heap: number
}

/** The cost of a broadcast, in milliseconds. */
export interface BroadcastCost {
  /** The time inside the call. Servers that send in a later step do little in it. */
  readonly call: number
  /** The time in which the event loop ran nothing else: the call, and all steps that follow it at once. */
  readonly blocked: number
  /** The CPU time of the process in this time. */
  readonly cpu: number
}

const [name, redisUrl] = process.argv.slice(2) as [ServerName, string]
const others = {
  "redis-channels": () => redisChannels(redisUrl),
  users: userChannels,
  "redis-users": () => redisUserChannels(redisUrl),
}
const contender = await { ...contenders, ...others }[name]()
const server = createServer(contender.listener)
let sequence = 0
let peak = 0
let sampler: NodeJS.Timeout | undefined
const samples: [seconds: number, bytes: number][] = []

/** Publishes the next event. Its data is its number, the time and padding; `bytes` is about the size of its block. */
function publish(bytes: number): void {
  sequence++
  void contender.publish(sequence, `${sequence} ${stamp().toFixed(3)} `.padEnd(bytes - 32, "abcdefghij "))
}

const nextTask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function cpuTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

function notePeak(): void {
  peak = Math.max(peak, process.memoryUsage.rss())
}

const commands = {
  listen: (): Promise<number> =>
    new Promise((resolve) => {
      server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () =>
        resolve((server.address() as AddressInfo).port),
      )
    }),

  sessions: (): number => contender.sessions(),

  /** The number of the next event. */
  next: (): number => sequence + 1,

  hasHistory: (): boolean => contender.cursor !== undefined,

  cursor: (): Promise<string> => contender.cursor!(),

  async memory(): Promise<Memory> {
    for (let times = 0; times < 3; times++) {
      globalThis.gc!()
      await nextTask()
    }
    const { rss, heapUsed, arrayBuffers } = process.memoryUsage()
    return { rss, heap: heapUsed + arrayBuffers }
  },

  /** The CPU time of this process so far, in milliseconds. */
  cpu: cpuTime,

  /** Publishes one event; returns its number and its cost. */
  broadcast(bytes: number): Promise<BroadcastCost & { sequence: number }> {
    const cpu = cpuTime()
    const start = stamp()
    publish(bytes)
    const call = stamp() - start
    return new Promise((resolve) => {
      setImmediate(() => resolve({ sequence, call, blocked: stamp() - start, cpu: cpuTime() - cpu }))
    })
  },

  /** Sends events to one session after the other; returns the CPU time of this process as a share of one core. */
  async shareOf({ rate, seconds }: { rate: number; seconds: number }): Promise<number> {
    const cpu = cpuTime()
    const start = stamp()
    for (let sent = 0, elapsed = 0; elapsed < seconds;) {
      // Without events, not even a timer of its own.
      await sleep(rate === 0 ? seconds * 1000 : 1)
      elapsed = Math.min(seconds, (stamp() - start) / 1000)
      while (sent + 1 <= rate * elapsed) void contender.publishToOne!(sent++, "abcdefghij ".repeat(7))
    }
    return (cpuTime() - cpu) / (stamp() - start)
  },

  /** Publishes events until all are published or the memory has grown by `limit` bytes. Returns their number. */
  async offer({ events, bytes, limit }: { events: number; bytes: number; limit: number }): Promise<number> {
    const start = process.memoryUsage.rss()
    peak = start
    for (let count = 0; count < events; count++) {
      publish(bytes)
      await nextTask()
      notePeak()
      if (peak - start > limit) return count + 1
    }
    return events
  },

  /** Watches the peak of the memory from now on. */
  watchPeak(): void {
    peak = process.memoryUsage.rss()
    clearInterval(sampler)
    sampler = setInterval(notePeak, 10)
  },

  /** The peak since the last `offer` or `watchPeak`, in bytes. */
  peak(): number {
    clearInterval(sampler)
    return peak
  },

  /** Collects garbage and notes the heap again and again, and publishes ten events a second, until `heapSamples`. */
  sampleHeap(interval: number): void {
    const start = stamp()
    let due = start
    sampler = setInterval(() => {
      publish(100)
      if (stamp() < due) return
      due += interval
      globalThis.gc!()
      samples.push([(stamp() - start) / 1000, process.memoryUsage().heapUsed])
    }, 100)
  },

  heapSamples(): typeof samples {
    clearInterval(sampler)
    return samples
  },
}

export type ServerCommands = typeof commands

serveCommands(commands)
