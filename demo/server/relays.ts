import type { IncomingMessage } from "node:http"
import { SseError } from "steadystream"
import { relay, type ChatSnapshot, type Relay } from "steadystream/openai"
import type { Session } from "steadystream/server"

const MAX_WATCHERS = 100

/** Relays answers through this server, and sends the chunks that it reads to the watcher of each answer. */
export class Relays {
  /** The session that watches the answer with an ID, oldest first. */
  readonly #watchers: Map<string, Session> = new Map()

  /** Sends the chunks of the relay with this ID to `session`, from the first one. */
  watch(id: string, session: Session): void {
    this.#watchers.set(id, session)
    void session.closed.then(() => this.#watchers.delete(id))
    void session.send({ event: "ready" })
    const [oldest] = this.#watchers.values()
    if (this.#watchers.size > MAX_WATCHERS) oldest?.close()
  }

  /** Requests an answer from `provider` and relays it. */
  ask(id: string, provider: string, body: unknown): Relay<ChatSnapshot> {
    const watcher = this.#watchers.get(id)
    const askProvider = (signal: AbortSignal): Promise<Response> =>
      fetch(provider, { method: "POST", body: JSON.stringify(body), signal })
    const answer = relay(askProvider, {
      onChunk: (chunk) => void watcher?.send({ event: "chunk", data: JSON.stringify(chunk) }),
    })
    if (watcher !== undefined) void this.#sendEnd(answer, watcher)
    return answer
  }

  async #sendEnd(answer: Relay<ChatSnapshot>, watcher: Session): Promise<void> {
    const { reason, error } = await answer.ended
    const code = SseError.is(error) ? error.code : null
    const stored = answer.snapshot.choices[0]?.content ?? ""
    void watcher.send({ event: "end", data: JSON.stringify({ reason, code, stored }) })
    watcher.close()
  }
}

/** The origin of this server on the connection of `req`. */
export function originOf({ socket }: IncomingMessage): string {
  const { localAddress = "127.0.0.1", localPort = 80 } = socket
  return `http://${localAddress.includes(":") ? `[${localAddress}]` : localAddress}:${localPort}`
}
