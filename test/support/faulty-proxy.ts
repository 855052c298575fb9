/*
 * A TCP proxy in front of a Redis server. It reads the commands of each connection, and a test says what happens with
 * each of them. Without a fault it changes no byte.
 */
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import { CommandSplitter, type SplitCommand } from "./command-splitter.ts"
import { encodeCommand } from "./redis-command.ts"

/**
 * What happens with a command.
 *
 * - A number: it waits for that many milliseconds, and with it all that follows on its connection.
 * - `"cut-before"`: the connection is cut, and the command never arrives.
 * - `"cut-inside"`: half of the command arrives, and the connection is cut.
 * - `"cut-after"`: the server executes the command, and the connection is cut before its reply.
 * - `"cut-reply"`: the server executes the command, and the connection is cut in the middle of its reply.
 * - `"swallow"`: neither it nor what follows on its connection arrives or is answered.
 */
export type CommandFault = number | Cut | "swallow"

/** Where the connection of a command is cut. */
export type Cut = "cut-before" | "cut-inside" | "cut-after" | "cut-reply"

/** A command that arrives at the proxy. */
export interface ProxiedCommand {
  /** The name of the command, in upper case. */
  readonly name: string
  readonly args: readonly string[]
  /** The number of the command since the proxy was started, from 1. */
  readonly number: number
  /** Whether its connection has subscribed to a channel. */
  readonly isSubscriber: boolean
}

/** Which connections are cut. */
export type ConnectionKind = "all" | "subscribers" | "others"

/** A proxy in front of a Redis server. */
export interface FaultyProxy {
  readonly port: number
  /** `redis://127.0.0.1:<port>` */
  readonly url: string
  /** Decides about each command; by default each is forwarded. */
  onCommand: ((command: ProxiedCommand) => CommandFault | undefined) | undefined
  /** What happens with the connections to come: they are forwarded, cut at once, or accepted and never answered. */
  newConnections: "forward" | "refuse" | "swallow"
  /** The port that connections to come are forwarded to. */
  target: number
  /** Cuts connections that are open, and returns how many. */
  cut(kind?: ConnectionKind): number
  /** What has passed since the start. */
  readonly counts: Readonly<ProxyCounts>
  /** The connections that are open now. */
  readonly open: number
  /** Cuts everything and stops listening. */
  close(): Promise<void>
}

/** What has passed through a proxy. */
export interface ProxyCounts {
  connections: number
  commands: number
  /** The bytes from clients, and from the server. */
  bytesUp: number
  bytesDown: number
  /** The connections that were cut by a fault or by `cut()`. */
  cuts: number
}

/** Starts a proxy in front of a local Redis. */
export async function startFaultyProxy(target: number): Promise<FaultyProxy> {
  const open = new Set<ProxyConnection>()
  const counts: ProxyCounts = { connections: 0, commands: 0, bytesUp: 0, bytesDown: 0, cuts: 0 }
  const server = createServer((client) => {
    counts.connections++
    if (proxy.newConnections === "refuse") {
      client.destroy()
      return
    }
    const connection = new ProxyConnection(
      client,
      proxy.newConnections === "swallow" ? undefined : proxy.target,
      proxy,
      counts,
    )
    open.add(connection)
    client.on("close", () => void open.delete(connection))
  })
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  const proxy: FaultyProxy = {
    port,
    url: `redis://127.0.0.1:${port}`,
    onCommand: undefined,
    newConnections: "forward",
    target,
    counts,
    get open() {
      return open.size
    },
    cut(kind = "all") {
      const chosen = [...open].filter(({ isSubscriber }) => kind === "all" || (kind === "subscribers") === isSubscriber)
      for (const connection of chosen) connection.cut()
      return chosen.length
    },
    async close() {
      const closed = new Promise((resolve) => void server.close(resolve))
      for (const connection of open) connection.cut()
      await closed
    },
  }
  return proxy
}

/** Marks in the replies, which the proxy asks the server for: all between the two is the reply of one command. */
const BEFORE = "steadystream-proxy-before"
const AFTER = "steadystream-proxy-after"
const ECHO_BEFORE = encodeCommand(["ECHO", BEFORE])
const ECHO_AFTER = encodeCommand(["ECHO", AFTER])
const markOf = (word: string) => `$${word.length}\r\n${word}\r\n`

class ProxyConnection {
  isSubscriber = false
  readonly #client: Socket
  readonly #upstream: Socket | undefined
  readonly #proxy: FaultyProxy
  readonly #counts: ProxyCounts
  readonly #splitter = new CommandSplitter()
  /** The commands that wait behind a delayed one. */
  readonly #waiting: SplitCommand[] = []
  #timer: NodeJS.Timeout | undefined
  #isSilent = false
  /** The replies since a command whose reply is cut. */
  #held: { text: string; readonly fault: Cut } | undefined

  constructor(client: Socket, target: number | undefined, proxy: FaultyProxy, counts: ProxyCounts) {
    this.#client = client
    this.#proxy = proxy
    this.#counts = counts
    client.setNoDelay(true)
    client.on("error", () => {})
    client.on("close", () => this.#close())
    if (target === undefined) {
      client.resume()
      return
    }
    this.#upstream = connect(target, "127.0.0.1").setNoDelay(true)
    this.#upstream.on("error", () => {})
    this.#upstream.on("close", () => client.destroySoon())
    this.#upstream.on("data", (chunk: Buffer) => this.#onReply(chunk))
    client.on("data", (chunk: Buffer) => this.#onRequest(chunk))
  }

  cut(): void {
    this.#counts.cuts++
    this.#client.destroy()
    this.#close()
  }

  #close(): void {
    clearTimeout(this.#timer)
    this.#upstream?.destroy()
  }

  #onRequest(chunk: Buffer): void {
    this.#counts.bytesUp += chunk.length
    this.#waiting.push(...this.#splitter.push(chunk))
    if (this.#timer === undefined) this.#forwardAll()
  }

  #forwardAll(): void {
    this.#timer = undefined
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const fault = this.#faultOf(next)
      if (typeof fault !== "number") {
        this.#forward(next, fault)
        continue
      }
      const delayed = next
      this.#timer = setTimeout(() => {
        this.#forward(delayed, undefined)
        this.#forwardAll()
      }, fault)
      return
    }
  }

  #faultOf({ args }: SplitCommand): CommandFault | undefined {
    const name = args[0]!.toUpperCase()
    if (/^[SP]?SUBSCRIBE$/.test(name)) this.isSubscriber = true
    this.#counts.commands++
    return this.#proxy.onCommand?.({ name, args, number: this.#counts.commands, isSubscriber: this.isSubscriber })
  }

  #forward({ bytes }: SplitCommand, fault: Exclude<CommandFault, number> | undefined): void {
    const upstream = this.#upstream!
    if (this.#isSilent || upstream.destroyed) return
    if (fault === undefined) return void upstream.write(bytes)
    this.#isSilent = true
    if (fault === "swallow") return
    this.#held = { text: "", fault }
    const half = bytes.subarray(0, bytes.length / 2)
    // The replies of earlier commands still reach the client, whatever the fault is.
    upstream.write(ECHO_BEFORE)
    if (fault === "cut-inside") upstream.write(half)
    else upstream.write(fault === "cut-before" ? ECHO_AFTER : Buffer.concat([bytes, ECHO_AFTER]))
  }

  #onReply(chunk: Buffer): void {
    this.#counts.bytesDown += chunk.length
    if (this.#held === undefined) {
      if (!this.#isSilent) this.#client.write(chunk)
      return
    }
    const held = this.#held
    held.text += chunk.toString("latin1")
    const [earlier = "", rest] = held.text.split(markOf(BEFORE), 2)
    const end = held.fault === "cut-inside" ? 0 : (rest?.indexOf(markOf(AFTER)) ?? -1)
    if (rest === undefined || end < 0) return
    this.#held = undefined
    const sent = earlier + (held.fault === "cut-reply" ? rest.slice(0, end / 2) : "")
    if (sent === "") this.cut()
    else this.#client.write(sent, "latin1", () => this.cut())
  }
}
