/* Law: a real HTTP server on the loopback interface that misbehaves as told, and says what it saw. */
import { type FaultAnswer, wireOf } from "./fault-answer.ts"
import { importHttp, type NodeRequest, type NodeServer, type NodeSocket } from "./node-shapes.ts"

/** A request that the fault server got. */
export interface FaultRequest {
  /** The method, in upper case. */
  readonly method: string
  /** The path and the query. */
  readonly path: string
  /** The headers, by their names in lower case; values are bytes as Latin-1 characters. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The names of the headers as they were sent, and the values, in turn. */
  readonly rawHeaders: readonly string[]
  /** The body as text. */
  readonly body: string
}

/** Answers to the requests in their order, the last one also to all that follow; or a function that gives one. */
export type FaultScript =
  | FaultAnswer
  | readonly FaultAnswer[]
  | ((
      request: FaultRequest,
      index: number,
    ) => FaultAnswer | "stall" | "reset" | Promise<FaultAnswer | "stall" | "reset">)

/** A server that misbehaves, on 127.0.0.1. */
export interface FaultServer {
  /** Its address, with a final slash. */
  readonly url: string
  /** The port that it listens on. */
  readonly port: number
  /** The requests so far; the array may be emptied. */
  readonly requests: FaultRequest[]
  /** How many sockets that have carried a request are open; a client's pool may open others in advance. */
  readonly openSockets: number
  /** How many sockets have been opened. */
  readonly totalSockets: number
  /** How many sockets hold bytes that the client does not take. */
  readonly blockedSockets: number
  /** How many bytes the clients' side has taken, or the system holds for it. */
  readonly bytesTaken: number
  /** Settles when no socket that has carried a request is open any more. */
  allClosed(): Promise<void>
  /** Settles when `count` requests have come. */
  received(count: number): Promise<void>
  /** Drops every connection and stops listening. */
  close(): Promise<void>
  /** The same as {@link FaultServer.close}. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts a server on a free port of 127.0.0.1 that answers as the script says, byte by byte, and cuts, stalls or resets
 * where it is told to. Needs Node, or a runtime with its `node:http`, and asks for it only now.
 *
 * @example
 * ```ts
 * import { subscribe } from "steadystream/client"
 * import { startFaultServer } from "steadystream/testing"
 *
 * const server = await startFaultServer([{ body: "id: 1\ndata: a\n\ndata: lost", end: "reset" }, { status: 204 }])
 * for await (const event of subscribe(server.url)) console.log(event.data) // a
 * console.log(server.requests[1]?.headers["last-event-id"]) // 1
 * await server.close()
 * ```
 */
export async function startFaultServer(script: FaultScript): Promise<FaultServer> {
  const http = await importHttp()
  const server = new ScriptedServer(script)
  await server.listen(
    http.createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 }, server.onRequest),
  )
  return server
}

class ScriptedServer implements FaultServer {
  readonly #script: FaultScript
  readonly #sockets: Set<NodeSocket> = new Set()
  readonly #used: Set<NodeSocket> = new Set()
  readonly #waits: (() => void)[] = []
  readonly requests: FaultRequest[] = []
  #server: NodeServer | undefined = undefined
  #bytesOfClosed = 0
  #arrived = 0
  port = 0
  totalSockets = 0

  constructor(script: FaultScript) {
    this.#script = script
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`
  }

  get openSockets(): number {
    return this.#used.size
  }

  get blockedSockets(): number {
    return [...this.#sockets].filter((socket) => socket.writableLength > 0).length
  }

  get bytesTaken(): number {
    return [...this.#sockets].reduce((bytes, socket) => bytes + bytesTaken(socket), this.#bytesOfClosed)
  }

  listen(server: NodeServer): Promise<void> {
    this.#server = server
    server.on("connection", this.#onSocket)
    server.on("clientError", (_, socket) => socket.destroy())
    return new Promise((resolve) => {
      server.listen(0, "127.0.0.1", () => {
        this.port = server.address().port
        resolve()
      })
    })
  }

  allClosed(): Promise<void> {
    return this.#until(() => this.#used.size === 0)
  }

  received(count: number): Promise<void> {
    return this.#until(() => this.requests.length >= count)
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server!.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  readonly onRequest = (request: NodeRequest): void => {
    this.#used.add(request.socket)
    void this.#answer(request, this.#arrived++).catch(() => request.socket.destroy())
  }

  readonly #onSocket = (socket: NodeSocket): void => {
    this.totalSockets++
    this.#sockets.add(socket)
    socket.setNoDelay()
    socket.on("error", () => {})
    socket.on("close", () => {
      this.#sockets.delete(socket)
      this.#used.delete(socket)
      this.#bytesOfClosed += bytesTaken(socket)
      this.#look()
    })
  }

  async #answer(request: NodeRequest, index: number): Promise<void> {
    const seen = await requestSeen(request)
    this.requests.push(seen)
    this.#look()
    const answer = await this.#answerTo(seen, index)
    if (answer === "stall") return
    if (answer === "reset") return request.socket.resetAndDestroy()
    await send(request.socket, answer)
  }

  #answerTo(
    request: FaultRequest,
    index: number,
  ): FaultAnswer | "stall" | "reset" | Promise<FaultAnswer | "stall" | "reset"> {
    if (typeof this.#script === "function") return this.#script(request, index)
    const answers = Array.isArray(this.#script)
      ? (this.#script as readonly FaultAnswer[])
      : [this.#script as FaultAnswer]
    return answers[Math.min(index, answers.length - 1)] ?? "stall"
  }

  /** Settles once `holds`; what can make it hold calls `#look`. */
  #until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (holds()) resolve()
        else this.#waits.push(look)
      }
      look()
    })
  }

  #look(): void {
    for (const look of this.#waits.splice(0)) look()
  }
}

function bytesTaken(socket: NodeSocket): number {
  return (socket.bytesWritten ?? 0) - (socket.writableLength ?? 0)
}

async function requestSeen(request: NodeRequest): Promise<FaultRequest> {
  const decoder = new TextDecoder()
  let body = ""
  for await (const chunk of request) body += decoder.decode(chunk, { stream: true })
  const { method, url: path, headers, rawHeaders } = request
  return { method, path, headers, rawHeaders, body }
}

async function send(socket: NodeSocket, answer: FaultAnswer): Promise<void> {
  const { pieces, repeated, end } = await wireOf(answer)
  const write = writerOf(socket)
  for (const piece of pieces) {
    if (socket.destroyed) return
    if (answer.pieceDelay !== undefined) await new Promise<void>((resolve) => setTimeout(resolve, answer.pieceDelay))
    await write(piece)
  }
  if (repeated !== undefined) return sendEndlessly(socket, () => write(repeated))
  if (end === "fin") socket.end()
  else if (end === "reset") socket.resetAndDestroy()
}

async function sendEndlessly(socket: NodeSocket, write: () => Promise<void>): Promise<void> {
  while (!socket.destroyed) {
    await write()
    // Why: what the system takes at once would keep this process, with the client in it, from everything else.
    await new Promise<void>((resolve) => setTimeout(resolve, 0))
  }
}

/** What writes to `socket`, and settles when the system has taken the bytes or the socket is gone. */
function writerOf(socket: NodeSocket): (bytes: Uint8Array) => Promise<void> {
  let settle: (() => void) | undefined
  socket.on("close", () => settle?.())
  return (bytes) =>
    new Promise((resolve) => {
      settle = resolve
      if (socket.destroyed) resolve()
      else socket.write(bytes, () => resolve())
    })
}
