/* A server and its clients, each in a process of its own, and the steps that the parts of the test share. */
import { Child } from "./child.ts"
import type { ClientCommands } from "./clients.ts"
import type { ServerName } from "./contenders.ts"
import type { BroadcastCost, ServerCommands } from "./server.ts"
import { sleep, until } from "./stamp.ts"

/** How much of the test to run. */
export interface Settings {
  readonly sessions: number
  readonly rounds: number
  /** The events of each round that are measured. */
  readonly broadcasts: number
  /** Seconds for which all sessions rest before a last event. */
  readonly hold: number
  /** Seconds of clients that come and go. */
  readonly churn: number
  /** The clients that come back, and the events that they have missed. */
  readonly returning: number
  readonly missed: number
  /** The clients that stop reading, and the bytes that each is offered. */
  readonly stalled: number
  readonly offered: number
}

/** The counts of all clients of a part. */
export type Counts = Awaited<ReturnType<ClientCommands["counts"]>>

/** The size of an event's block, and of those that are offered to clients that do not read. */
export const EVENT_BYTES = 100
export const LARGE_EVENT_BYTES = 16 * 1024

/** How long the clients may take to open, to receive one event and to close, in milliseconds. */
const OPEN_DEADLINE = 120_000
const RECEIVE_DEADLINE = 20_000
const CLOSE_DEADLINE = 20_000

/** The clients and the events that make the processes warm before anything is measured. */
const WARM_CLIENTS = 100
const WARM_EVENTS = 50

/** Milliseconds of silence before memory is measured and between events. */
const QUIET = 500
const PAUSE = 50

export class Scene {
  readonly server: Child<ServerCommands>
  readonly clients: Child<ClientCommands>
  readonly port: number

  private constructor(server: Child<ServerCommands>, clients: Child<ClientCommands>, port: number) {
    this.server = server
    this.clients = clients
    this.port = port
  }

  /**
   * Runs a part of the test with fresh processes, which end with it.
   *
   * @param args - More arguments of the server.
   */
  static async run<Result>(
    name: ServerName,
    part: (scene: Scene) => Promise<Result>,
    ...args: readonly string[]
  ): Promise<Result> {
    const server = new Child<ServerCommands>("server.ts", name, ...args)
    const clients = new Child<ClientCommands>("clients.ts")
    try {
      return await part(new Scene(server, clients, await server.call("listen", undefined)))
    } finally {
      await Promise.all([server.stop(), clients.stop()])
    }
  }

  /** Opens clients, and waits until the server has as many sessions more. Returns the milliseconds of the clients. */
  async open(count: number, from?: { lastEventId: string; next: number }): Promise<number> {
    const before = await this.server.call("sessions", undefined)
    const start = from ?? { next: await this.server.call("next", undefined) }
    const took = await this.clients.call("open", { port: this.port, count, ...start }, OPEN_DEADLINE)
    const { open, failure } = await this.clients.call("counts", undefined)
    if (open < count) throw new Error(`Cannot open ${count} clients: only ${open} are open (${failure ?? "no error"})`)
    await this.#untilSessions(before + count)
    return took
  }

  /** Publishes an event and waits until every client has it. */
  async broadcast(): Promise<BroadcastCost> {
    const { sequence, ...cost } = await this.server.call("broadcast", EVENT_BYTES)
    await this.received(sequence)
    return cost
  }

  received(sequence: number, deadline: number = RECEIVE_DEADLINE): Promise<void> {
    return this.clients.call("received", { sequence, deadline }, deadline + 10_000)
  }

  /** Closes all clients, and waits until the server has no session. */
  async close(): Promise<void> {
    await this.clients.call("close", undefined)
    await this.#untilSessions(0)
  }

  async warmUp(events: number = WARM_EVENTS): Promise<void> {
    await this.open(WARM_CLIENTS)
    for (let count = 0; count < events; count++) await this.broadcast()
    await this.close()
    await sleep(QUIET)
  }

  counts(): Promise<Counts> {
    return this.clients.call("counts", undefined)
  }

  async #untilSessions(wanted: number): Promise<void> {
    let sessions = 0
    const arrived = async () => (sessions = await this.server.call("sessions", undefined)) === wanted
    await until(arrived, CLOSE_DEADLINE, `the server must have ${wanted} sessions`).catch((error: Error) => {
      throw new Error(`${error.message}; it has ${sessions}`)
    })
  }
}

export const quiet = (): Promise<void> => sleep(QUIET)
export const pause = (): Promise<void> => sleep(PAUSE)
