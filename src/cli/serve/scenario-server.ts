/* The server of `serve`: streams that end well, break, fail, and answer as a model does. */
import { once } from "node:events"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"
import { setTimeout as sleep } from "node:timers/promises"
import { sendChannels, sendEventStream } from "../../node/index.ts"
import { chatCompletionChunks, encodeChunks } from "../../openai/index.ts"
import { type Channels, createChannels } from "../../server/index.ts"
import { pieces, WORDS, words } from "./scenarios.ts"

type Handler = (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<void>

/** The scenarios, as the command lists them. */
export const SCENARIOS: readonly (readonly [request: string, about: string])[] = [
  ["GET /words", "words, then [DONE]; resumes after the last event ID"],
  ["GET /flaky", "the same, but the connection breaks after every fifth word"],
  ["GET /down", "always the status 503, for the limit of retries"],
  ["POST /v1/chat/completions", 'an answer; the models "slow" and "cut" are slow and cut'],
  ["GET /channel", "what is published from now on, with replay"],
  ["POST /channel", "publishes the body as an event"],
]

const MAX_BODY = 1_000_000
/** The delays between two words, in milliseconds. */
const DELAY = 100
const SLOW_DELAY = 1_000

/** A running server of scenarios, on 127.0.0.1. */
export class ScenarioServer {
  readonly #server: Server
  readonly #channels: Channels = createChannels()
  readonly #routes: Readonly<Record<string, Handler>> = {
    "GET /words": (request, response) => sendEventStream(request, response, (session) => words(session, DELAY)),
    "GET /flaky": async (request, response) => {
      // A source that throws breaks the connection, as a crash does.
      await sendEventStream(request, response, async function* flaky(session) {
        yield* words(session, DELAY, 5)
        // What was written last arrives before the break.
        await sleep(DELAY)
        if (Number(session.lastEventId || 0) + 5 < WORDS.length) response.socket?.resetAndDestroy()
      })
    },
    "GET /down": async (_, response) => {
      response.writeHead(503, { "content-type": "text/plain" }).end("This scenario is always down.\n")
    },
    "POST /v1/chat/completions": (request, response) => this.#complete(request, response),
    "GET /channel": (request, response) => sendChannels(this.#channels, request, response, "channel"),
    "POST /channel": async (request, response) => {
      await this.#channels.publish("channel", { data: await bodyOf(request) })
      response.writeHead(204).end()
    },
  }

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch(() => response.destroy())
    })
  }

  /** @throws the error of Node (by rejecting) if the port is not free. */
  static async listen(port: number): Promise<ScenarioServer> {
    const scenarios = new ScenarioServer()
    scenarios.#server.listen(port, "127.0.0.1")
    await once(scenarios.#server, "listening")
    return scenarios
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  async close(): Promise<void> {
    await this.#channels.closeAll()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://127.0.0.1")
    const handler = this.#routes[`${request.method} ${url.pathname}`]
    if (handler !== undefined) return handler(request, response, url)
    const list = SCENARIOS.map(([name, about]) => `${name.padEnd(28)}${about}\n`).join("")
    response.writeHead(url.pathname === "/" ? 200 : 404, { "content-type": "text/plain; charset=utf-8" }).end(list)
    return undefined
  }

  async #complete(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { model, stream_options: options } = requestOf(await bodyOf(request))
    const isCut = model === "cut"
    const delay = model === "slow" ? SLOW_DELAY : DELAY / 2
    const chunks = chatCompletionChunks(pieces(delay, isCut ? WORDS.length / 2 : WORDS.length), {
      model,
      includeUsage: options?.include_usage === true,
    })
    const bytes = encodeChunks(isCut ? withoutEnd(chunks) : chunks, { done: !isCut })
    await sendEventStream(request, response, bytes, { keepAlive: 0 })
  }
}

/** Drops the chunk with the finish reason, as a provider that crashes does. */
async function* withoutEnd<Chunk extends { readonly choices?: readonly { readonly finish_reason?: unknown }[] | null }>(
  chunks: AsyncIterable<Chunk>,
): AsyncGenerator<Chunk> {
  for await (const chunk of chunks) if (typeof chunk.choices?.[0]?.finish_reason !== "string") yield chunk
}

interface ChatRequest {
  readonly model: string
  readonly stream_options?: { readonly include_usage?: unknown } | null
}

function requestOf(body: string): ChatRequest {
  try {
    const { model, ...more } = Object(JSON.parse(body)) as Partial<ChatRequest>
    return { ...more, model: typeof model === "string" ? model : "words" }
  } catch {
    return { model: "words" }
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  if (Number(request.headers["content-length"] ?? 0) > MAX_BODY)
    throw new RangeError("Cannot read request: it is too large")
  return text(request)
}
