import type { IncomingMessage } from "node:http"
import { SseError } from "steadystream"
import { relay, type ChatSnapshot, type Relay } from "steadystream/openai"
import type { Session } from "steadystream/server"

const MAX_WATCHERS = 100

/** Answers that pass through this server, and what it reads of them on the way. */
export class Relays {
  /** Who watches the answer of an ID, oldest first. */
  readonly #watchers: Map<string, Session> = new Map()

  /** Shows `session` what the relay with this ID reads, from its start. */
  watch(id: string, session: Session): void {
    this.#watchers.set(id, session)
    void session.closed.then(() => this.#watchers.delete(id))
    void session.send({ event: "ready" })
    const [oldest] = this.#watchers.values()
    if (this.#watchers.size > MAX_WATCHERS) oldest?.close()
  }

  /** Asks `provider`, and passes on what it says. */
  ask(id: string, provider: string, body: unknown): Relay<ChatSnapshot> {
    const watcher = this.#watchers.get(id)
    const askProvider = (signal: AbortSignal): Promise<Response> =>
      fetch(provider, { method: "POST", body: JSON.stringify(body), signal })
    const answer = relay(askProvider, {
      onChunk: (chunk) => void watcher?.send({ event: "chunk", data: JSON.stringify(chunk) }),
    })
    if (watcher !== undefined) void this.#tellEnd(answer, watcher)
    return answer
  }

  async #tellEnd(answer: Relay<ChatSnapshot>, watcher: Session): Promise<void> {
    const { reason, error } = await answer.ended
    const code = SseError.is(error) ? error.code : null
    const stored = answer.snapshot.choices[0]?.content ?? ""
    void watcher.send({ event: "end", data: JSON.stringify({ reason, code, stored }) })
    watcher.close()
  }
}

/** Where this server itself is reached, on the connection of `req`. */
export function originOf({ socket }: IncomingMessage): string {
  const { localAddress = "127.0.0.1", localPort = 80 } = socket
  return `http://${localAddress.includes(":") ? `[${localAddress}]` : localAddress}:${localPort}`
}
