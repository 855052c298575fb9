import { once } from "node:events"
import { createServer, type Server } from "node:http"
import { sendEventStream } from "steadystream/node"
import { memoryStore } from "steadystream/server"
import { readJson, RequestError, sendJson } from "./answer.ts"
import { answerTo, completion, isUnreachable, streamCompletion } from "./chat-completions.ts"
import { KEPT_EVENTS } from "./channel-room.ts"
import { parseChatRequest } from "./chat-request.ts"
import { Outage } from "./outage.ts"
import { originOf, Relays } from "./relays.ts"
import { PAGE_PATHS, sendPageFile } from "./page-files.ts"
import { type Handler, Router } from "./router.ts"
import { sentence, ticks } from "./sentence.ts"
import { SharedTicks } from "./shared-ticks.ts"
import { type StoredRoutes, StoredStreams } from "./stored-streams.ts"

/** Options of {@link DemoServer}. */
export interface DemoServerOptions {
  /** The directory of the built page, with a final slash. */
  readonly pageDirectory: URL
  /**
   * Milliseconds between two words, two ticks, two tokens, and two tokens of a stored answer, between two comments or empty
   * chunks of a model that has stopped (`beat`), and before a client reconnects (`retry`).
   */
  readonly pace?: Partial<Record<"word" | "tick" | "token" | "storedToken" | "beat" | "retry", number>>
  /** Serves the channel and the stored answers. Without it this process keeps them in memory. */
  readonly stored?: StoredRoutes
}

const MAX_BODY_BYTES = 1_048_576
const MAX_READERS = 1000
/** Milliseconds between two tokens of a stored answer, so that there is time to reload the page. */
export const STORED_TOKEN_MS = 200

/** Serves the demo's endpoints and its page. */
export class DemoServer {
  readonly #options: DemoServerOptions
  readonly #router: Router
  readonly #servers: Server[] = []
  readonly #stop: AbortController = new AbortController()
  readonly #outage: Outage = new Outage()
  readonly #relays: Relays = new Relays()
  readonly #sharedTicks: SharedTicks
  readonly #stored: StoredRoutes
  /** The number of requests for the sentence by reader, oldest first. */
  readonly #requests: Map<string, number> = new Map()

  constructor(options: DemoServerOptions) {
    this.#options = options
    this.#sharedTicks = new SharedTicks(options.pace?.tick ?? 1000)
    this.#stored = options.stored ?? streamsInMemory(options.pace?.storedToken)
    const page: Handler = (_req, res, url) => sendPageFile(res, url.pathname, options.pageDirectory)
    this.#router = new Router([
      ...PAGE_PATHS.map((path) => [path, { GET: page, HEAD: page }] as const),
      ["/stream", { GET: this.#sendSentence, HEAD: this.#sendSentence }],
      ["/ticks", { GET: this.#sendTicks, HEAD: this.#sendTicks }],
      ["/shared-ticks", { GET: this.#shareTicks, HEAD: this.#shareTicks }],
      ["/v1/chat/completions", { POST: this.#complete }],
      ["/relay/v1/chat/completions", { POST: this.#relay }],
      ["/api/relay", { GET: this.#watchRelay }],
      ["/api/requests", { GET: this.#sendRequestCount }],
      ["/api/outage", { GET: this.#sendOutage, POST: this.#setOutage }],
      ...this.#stored.routes,
    ])
  }

  /**
   * Listens on one address and resolves with the port.
   *
   * @param port - 0 chooses a free port.
   */
  listen(host: string, port: number): Promise<number> {
    const server = createServer((req, res) => void this.#router.handle(req, res))
    return new Promise((resolve, reject) => {
      server.once("error", reject)
      server.listen({ host, port, ipv6Only: true }, () => {
        server.off("error", reject)
        this.#servers.push(server)
        const address = server.address()
        resolve(typeof address === "object" && address !== null ? address.port : port)
      })
    })
  }

  /** Stops listening and closes every connection at once, open streams included. */
  close(): void {
    this.#stop.abort()
    void this.#stored.close()
    for (const server of this.#servers) {
      server.close()
      server.closeAllConnections()
    }
  }

  readonly #sendSentence: Handler = (req, res, url) => {
    const reader = url.searchParams.get("reader")
    if (reader !== null) this.#countRequest(reader)
    const { word = 160, retry = 500 } = this.#options.pace ?? {}
    return sendEventStream(req, res, (session) => sentence(session, word), { retry, signal: this.#stop.signal })
  }

  readonly #sendTicks: Handler = async (req, res) => {
    const { down, kind } = this.#outage.state
    if (down && kind === "503") throw new RequestError(503, "The stream server is down", { code: "down" })
    if (down) {
      req.socket.destroy()
      return
    }
    const signal = AbortSignal.any([this.#outage.signal, this.#stop.signal])
    const pace = this.#options.pace?.tick ?? 1000
    const retry = this.#options.pace?.retry ?? 500
    await sendEventStream(req, res, (session) => ticks(session, pace), { retry, signal })
  }

  readonly #shareTicks: Handler = (req, res) =>
    this.#sharedTicks.connect(req, res, this.#options.pace?.retry ?? 500, this.#stop.signal)

  readonly #complete: Handler = async (req, res) => {
    const request = parseChatRequest(await readJson(req, MAX_BODY_BYTES))
    const answer = answerTo(request)
    if (!request.stream) {
      sendJson(res, 200, await completion(request, answer))
      return
    }
    if (isUnreachable(request)) {
      if (!res.destroyed) await once(res, "close")
      return
    }
    const { token = 40, beat = 400 } = this.#options.pace ?? {}
    await sendEventStream(
      req,
      res,
      (session) => streamCompletion(request, answer, { token, beat }, session.signal),
      // Only for the demo: from this header the page knows when half of the answer has arrived.
      { headers: { "x-demo-pieces": String(answer.pieces.length) }, keepAlive: 0, signal: this.#stop.signal },
    )
  }

  /** Relays an answer from a provider, which is also this server, to the page. */
  readonly #relay: Handler = async (req, res, url) => {
    const body = await readJson(req, MAX_BODY_BYTES)
    if (!parseChatRequest(body).stream) throw new RequestError(400, `"stream" must be true`, { param: "stream" })
    const answer = this.#relays.ask(url.searchParams.get("watcher") ?? "", `${originOf(req)}/v1/chat/completions`, body)
    await sendEventStream(req, res, answer, { signal: this.#stop.signal })
  }

  readonly #watchRelay: Handler = (req, res, url) => {
    const id = url.searchParams.get("id") ?? ""
    return sendEventStream(req, res, (session) => this.#relays.watch(id, session), { signal: this.#stop.signal })
  }

  readonly #sendRequestCount: Handler = (_req, res, url) => {
    sendJson(res, 200, { requests: this.#requests.get(url.searchParams.get("reader") ?? "") ?? 0 })
  }

  readonly #sendOutage: Handler = (_req, res) => sendJson(res, 200, this.#outage.state)

  readonly #setOutage: Handler = async (req, res) => {
    this.#outage.apply(await readJson(req, MAX_BODY_BYTES))
    sendJson(res, 200, this.#outage.state)
  }

  #countRequest(reader: string): void {
    const key = reader.slice(0, 100)
    this.#requests.set(key, (this.#requests.get(key) ?? 0) + 1)
    if (this.#requests.size <= MAX_READERS) return
    for (const oldest of this.#requests.keys()) {
      this.#requests.delete(oldest)
      break
    }
  }
}

function streamsInMemory(token: number = STORED_TOKEN_MS): StoredStreams {
  let published = 0
  const store = memoryStore({ retention: { events: KEPT_EVENTS } })
  return new StoredStreams({ store, number: 1, token, nextTick: async () => ++published })
}
