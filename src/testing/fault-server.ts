/* A real HTTP server on the loopback interface that misbehaves as a script says, and records what it sees. */
import { ignore } from "../internal/cancel.ts"
import { reportGlobally } from "../internal/hook.ts"
import { checkNumber, checkOptions } from "../internal/option-checks.ts"
import { checkAnswer, type FaultAnswer } from "./fault-answer.ts"
import { send } from "./fault-sender.ts"
import { nodeHttp, type NodeRequest, type NodeServer, type NodeSocket } from "./node-shapes.ts"

/** A request that the fault server received. */
export interface FaultRequest {
  /** The method, in upper case. */
  readonly method: string
  /** The path and the query. */
  readonly path: string
  /** The headers, by their names in lower case. A value has one Latin-1 character for each byte. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The names and values of the headers, in turn, as the client sent them. */
  readonly rawHeaders: readonly string[]
  /** The body as text. */
  readonly body: string
}

/** The answers to the requests, in order, the last one also for every further request; or a function that returns one. */
export type FaultScript =
  | FaultAnswer
  | readonly FaultAnswer[]
  | ((
      request: FaultRequest,
      index: number,
    ) => FaultAnswer | "stall" | "reset" | Promise<FaultAnswer | "stall" | "reset">)

/** A server that misbehaves, on 127.0.0.1. */
export interface FaultServer {
  /** The URL of the server, with a final slash. */
  readonly url: string
  /** The port. */
  readonly port: number
  /** The requests so far. A test may empty the array. */
  readonly requests: FaultRequest[]
  /** The number of open sockets that have carried a request. A client's pool may open others in advance. */
  readonly openSockets: number
  /** The number of sockets that were opened. */
  readonly totalSockets: number
  /** The number of sockets with bytes that the client has not taken. */
  readonly blockedSockets: number
  /** The number of bytes that clients have taken, or that the system holds for them. */
  readonly bytesTaken: number
  /** Replaces the script. The next request is the first one of the new script. */
  answerWith(script: FaultScript): void
  /** Resolves when no socket that has carried a request is open. */
  allClosed(): Promise<void>
  /** Resolves after `count` requests. Rejects if the server is closed before. */
  received(count: number): Promise<void>
  /** Destroys every connection and stops listening. Nothing of the server waits after that. */
  close(): Promise<void>
  /** The same as {@link FaultServer.close}. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts a server on a free port of 127.0.0.1 that answers as `script` says, and cuts, stalls or resets the connection at
 * any byte. Needs Node, or a runtime with `node:http`, which is imported only by this call.
 *
 * An error that a script throws is reported by `reportError` or `console.error`, and its connection is destroyed.
 *
 * @param options - `port` is the port, by default a free one.
 * @throws RangeError (by rejecting) if the port is none, and the error of Node if it is not free.
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
export async function startFaultServer(
  script: FaultScript,
  options: { readonly port?: number | undefined } = {},
): Promise<FaultServer> {
  checkScript(script, "start fault server")
  checkOptions(options, { port: "a number" })
  const port = checkNumber("port", options.port ?? 0)
  if (port > 65_535 || port % 1 > 0) throw new RangeError('Cannot use options: "port" must be an integer up to 65535')
  const http = nodeHttp()
  const server = new ScriptedServer(script)
  const timeouts = { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 }
  await server.listen(http.createServer(timeouts, server.onRequest), port)
  return server
}

function checkScript(script: FaultScript, action: string): void {
  if (script === null || !["object", "function"].includes(typeof script)) {
    throw new TypeError(`Cannot ${action}: "script" must be an answer, an array or a function`)
  }
  if (typeof script !== "function") for (const answer of [script].flat()) checkAnswer(answer)
}

class ScriptedServer implements FaultServer {
  #script: FaultScript
  readonly #sockets: Set<NodeSocket> = new Set()
  readonly #used: Set<NodeSocket> = new Set()
  readonly #waits: (() => void)[] = []
  #isClosed = false
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

  listen(server: NodeServer, port: number): Promise<void> {
    this.#server = server
    server.on("connection", this.#onSocket)
    server.on("clientError", (_, socket) => socket.destroy())
    return new Promise((resolve, reject) => {
      server.on("error", reject)
      server.listen(port, "127.0.0.1", () => {
        this.port = server.address().port
        resolve()
      })
    })
  }

  answerWith(script: FaultScript): void {
    checkScript(script, "replace script")
    this.#script = script
    this.#arrived = 0
  }

  allClosed(): Promise<void> {
    return this.#until(() => this.#used.size === 0)
  }

  received(count: number): Promise<void> {
    const isReceived = () => this.requests.length >= count
    const received = this.#until(() => this.#isClosed || isReceived()).then(() => {
      if (!isReceived()) throw new Error("Cannot wait for requests: the server must not be closed before they arrive")
    })
    // A caller that has stopped waiting must not end the process.
    received.catch(ignore)
    return received
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#look()
    const closed = new Promise<void>((resolve) => this.#server!.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  readonly onRequest = (request: NodeRequest): void => {
    this.#used.add(request.socket)
    void this.#answer(request, this.#arrived++).catch((error: unknown) => {
      reportGlobally(error)
      request.socket.destroy()
    })
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
    const seen = await requestSeen(request).catch(ignore)
    if (seen === undefined) return request.socket.destroy()
    this.requests.push(seen)
    this.#look()
    const answer = await this.#answerTo(seen, index)
    if (answer === "stall") return
    if (answer === "reset") return request.socket.resetAndDestroy()
    if (typeof answer !== "object" || answer === null) {
      throw new TypeError('Cannot answer request: the script must return an answer, "stall" or "reset"')
    }
    checkAnswer(answer)
    await send(request, answer)
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

  /** Resolves when `holds` returns true. Every change that it depends on calls `#look`. */
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
