import { RequestError } from "./answer.ts"

/** The behaviour of the stream server while it is down: it cuts connections without an answer, or answers 503. */
export type OutageKind = "cut" | "503"

/** The switch that takes the stream server of the second panel down and brings it back. */
export class Outage {
  #kind: OutageKind = "cut"
  #down = false
  #streams: AbortController = new AbortController()

  /** Aborted when the server goes down, which ends its open streams. */
  get signal(): AbortSignal {
    return this.#streams.signal
  }

  get state(): { readonly down: boolean; readonly kind: OutageKind } {
    return { down: this.#down, kind: this.#kind }
  }

  /** @throws RequestError with status 400 if `body` is not a valid command. */
  apply(body: unknown): void {
    const { down, kind = this.#kind } = (body ?? {}) as { down?: unknown; kind?: unknown }
    if (typeof down !== "boolean") throw new RequestError(400, `"down" must be true or false`, { param: "down" })
    if (kind !== "cut" && kind !== "503") {
      throw new RequestError(400, `"kind" must be "cut" or "503"`, { param: "kind" })
    }
    this.#kind = kind
    if (down && !this.#down) this.#streams.abort()
    else if (!down && this.#down) this.#streams = new AbortController()
    this.#down = down
  }
}
