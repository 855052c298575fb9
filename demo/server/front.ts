import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { type IncomingMessage, request as httpRequest, type ServerResponse } from "node:http"
import { pipeline } from "node:stream/promises"
import { fileURLToPath } from "node:url"
import { RequestError, sendJson } from "./answer.ts"
import { checkRedis } from "./redis-connection.ts"
import type { Handler, Routes } from "./router.ts"
import type { Activity } from "./stored-answers.ts"
import { sendProcesses, type ServerProcess, type StoredRoutes } from "./stored-streams.ts"
import type { WorkerMessage } from "./worker.ts"

const PROCESSES = 2
const RESTART_MS = 500
/** The headers that belong to one connection. */
const HOP_BY_HOP: ReadonlySet<string> = new Set(["connection", "keep-alive", "transfer-encoding"])

interface Worker extends ServerProcess {
  readonly child: ChildProcess
  readonly port: number
  activity: Activity
}

/** Forwards requests for stored streams to two processes of one Redis, in turn, and replaces a process that ends. */
export class Front implements StoredRoutes {
  readonly routes: Routes
  readonly #redisUrl: string
  readonly #token: number
  /** The processes, also those that do not serve yet. */
  readonly #children: Set<ChildProcess> = new Set()
  readonly #workers: Set<Worker> = new Set()
  readonly #turns: Map<string, number> = new Map()
  #started = 0
  #isClosed = false

  private constructor(redisUrl: string, token: number) {
    this.#redisUrl = redisUrl
    this.#token = token
    const forward: Handler = (req, res, { pathname }) => this.#forward(req, res, pathname)
    this.routes = [
      ["/channel", { GET: forward, HEAD: forward }],
      ["/api/channel", { GET: forward, POST: forward }],
      ["/answer", { GET: forward, HEAD: forward, POST: forward, DELETE: forward }],
      ["/api/answer", { GET: forward }],
      ["/api/processes", { GET: (_req, res, url) => sendProcesses(res, url, this.#sorted, true) }],
      ["/api/kill", { POST: (_req, res, url) => this.#kill(res, url) }],
    ]
  }

  /**
   * Starts the processes.
   *
   * @param token - Milliseconds between two tokens of an answer.
   * @throws Error (by rejecting) if no Redis answers at `redisUrl`.
   */
  static async start(redisUrl: string, token: number): Promise<Front> {
    await checkRedis(redisUrl)
    const front = new Front(redisUrl, token)
    await Promise.all(Array.from({ length: PROCESSES }, () => front.#startWorker()))
    return front
  }

  /** The workers by number: one that starts later may be ready earlier. */
  get #sorted(): Worker[] {
    return [...this.#workers].toSorted((one, other) => one.number - other.number)
  }

  close(): void {
    this.#isClosed = true
    for (const child of this.#children) child.kill()
  }

  async #startWorker(): Promise<void> {
    const number = ++this.#started
    const script = fileURLToPath(new URL("worker.js", import.meta.url))
    const env = { ...process.env, REDIS_URL: this.#redisUrl }
    const child = fork(script, [`${number}`, `${this.#token}`], { env, execArgv: [] })
    this.#children.add(child)
    const exited = once(child, "exit").finally(() => this.#children.delete(child))
    const first = (await Promise.race([once(child, "message"), exited.then(() => [])])) as [WorkerMessage?]
    const [message] = first
    if (message === undefined || !("port" in message)) throw new Error("Cannot serve the demo: a process has ended")
    const worker: Worker = { number, pid: child.pid!, port: message.port, child, activity: { writes: [], readers: {} } }
    this.#workers.add(worker)
    child.on("message", (news: WorkerMessage) => {
      if ("activity" in news) worker.activity = news.activity
    })
    void exited.then(() => this.#replace(worker))
  }

  #replace(worker: Worker): void {
    this.#workers.delete(worker)
    setTimeout(() => {
      if (!this.#isClosed) this.#startWorker().catch((error: Error) => console.error(error.message))
    }, RESTART_MS)
  }

  /** Sends the request to a worker, and the response of the worker to the client, as it comes. */
  async #forward(req: IncomingMessage, res: ServerResponse, pathname: string): Promise<void> {
    const { port } = this.#next(`${req.method} ${pathname}`)
    const { method, url: path } = req
    const upstream = httpRequest({ host: "127.0.0.1", port, method, path, agent: false, headers: ownHeaders(req) })
    res.once("close", () => upstream.destroy())
    req.pipe(upstream)
    let response: IncomingMessage
    try {
      ;[response] = (await once(upstream, "response")) as [IncomingMessage]
    } catch {
      if (res.destroyed) return
      throw new RequestError(502, "The process of this request has ended", { code: "process_ended" })
    }
    upstream.on("error", () => {})
    res.writeHead(response.statusCode!, ownHeaders(response))
    res.flushHeaders()
    // A process that ends breaks the connection of its client, who comes back and gets the other one.
    await pipeline(response, res).catch(() => res.destroy())
  }

  /** Returns the worker whose turn it is. Each kind of request has turns of its own, so that its clients are spread. */
  #next(kind: string): Worker {
    const turn = this.#turns.get(kind) ?? 0
    this.#turns.set(kind, turn + 1)
    const worker = this.#sorted[turn % this.#workers.size]
    if (worker === undefined) throw new RequestError(503, "No process of this server runs", { code: "no_process" })
    return worker
  }

  /** Ends the process that writes an answer at once, as `kill -9` does. */
  #kill(res: ServerResponse, url: URL): void {
    const id = url.searchParams.get("answer") ?? ""
    const writer = [...this.#workers].find(({ activity }) => activity.writes.includes(id))
    if (writer === undefined) throw new RequestError(409, "No process writes this answer", { code: "not_written" })
    this.#workers.delete(writer)
    writer.child.kill("SIGKILL")
    sendJson(res, 200, { killed: writer.number })
  }
}

function ownHeaders({ headers }: IncomingMessage): IncomingMessage["headers"] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name)))
}
