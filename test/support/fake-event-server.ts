/* A server of one stream in memory: each connection gets the events after its last event ID, then each new one. */
import type { FakeTab } from "./fake-tabs.ts"

interface Connection {
  readonly tab: FakeTab
  readonly send: (text: string) => void
  readonly close: () => void
}

export class FakeEventServer {
  /** The requests that were made, as their last event IDs. */
  readonly requests: string[] = []
  /** The most connections that were open at the same time. */
  maxConnections = 0
  events = 0
  isOver = false
  /** The status of the next responses. */
  status = 200
  readonly #connections = new Set<Connection>()
  readonly #hasIds: boolean

  constructor(hasIds = true) {
    this.#hasIds = hasIds
  }

  get connections(): number {
    return [...this.#connections].filter(({ tab }) => !tab.isGone).length
  }

  emit(count = 1): void {
    for (let left = count; left > 0; left--) this.#emit()
  }

  #emit(): void {
    this.events++
    for (const connection of this.#connections) connection.send(this.#block(this.events))
  }

  /** Ends the stream: each request is answered with 204 from now on. */
  end(): void {
    this.isOver = true
    for (const connection of this.#connections) connection.close()
  }

  /** The `fetch` of a tab. */
  fetchOf(tab: FakeTab): typeof fetch {
    return (_, init) =>
      new Promise((resolve, reject) => {
        const { signal } = init!
        signal?.addEventListener("abort", () => reject(signal.reason as Error))
        const cursor = new Headers(init!.headers).get("last-event-id") ?? ""
        tab.task(() => {
          if (signal?.aborted !== true) resolve(this.#answer(tab, cursor, signal!))
        })
      })
  }

  #answer(tab: FakeTab, cursor: string, signal: AbortSignal): Response {
    this.requests.push(cursor)
    const from = this.#hasIds ? Number(cursor) : this.events
    if (this.status !== 200) return new Response("no", { status: this.status })
    if (this.isOver && from >= this.events) return new Response(null, { status: 204 })
    const encoder = new TextEncoder()
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        const run = (act: () => void) => () => {
          if (this.#connections.has(connection)) act()
        }
        const connection: Connection = {
          tab,
          send: (text) => tab.task(run(() => controller.enqueue(encoder.encode(text)))),
          close: () =>
            tab.task(
              run(() => {
                this.#connections.delete(connection)
                controller.close()
              }),
            ),
        }
        this.#connections.add(connection)
        signal.addEventListener("abort", () => this.#connections.delete(connection))
        for (let number = from + 1; number <= this.events; number++) connection.send(this.#block(number))
        if (this.isOver) connection.close()
        this.maxConnections = Math.max(this.maxConnections, this.connections)
      },
    })
    return new Response(body, { headers: { "content-type": "text/event-stream" } })
  }

  #block(number: number): string {
    return `${this.#hasIds ? `id: ${number}\n` : ""}data: ${number}\n\n`
  }
}
