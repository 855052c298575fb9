/* A client of an answer without a network, and a source of events that the test drives. */
import type { AnswerConnectOptions, Answers } from "steadystream/server"
import type { LogRequest, LogServer } from "../../src/session/index.ts"
import { OutletClient } from "./outlet-client.ts"

export interface AnswerClientOptions extends AnswerConnectOptions {
  readonly cursor?: string
  /** The blocks that the client takes; then it waits for `take()`. */
  readonly room?: number
}

/** A client that was answered: with a session, or with a status and nothing else. */
export class AnswerClient extends OutletClient {
  constructor(server: LogServer<string, AnswerConnectOptions>, request: LogRequest, options: AnswerClientOptions) {
    const { room, cursor: _, ...others } = options
    super(server.sessionOf(request.cursor), room)
    server.open(this.session, request, others, true)
  }

  /** The types and data of the events. */
  get seen(): string[] {
    return this.read.events.map(({ event, data }) => (event === "message" ? data : `${event} ${data}`))
  }

  /** The IDs of the events. */
  get ids(): string[] {
    return this.read.events.map(({ lastEventId }) => lastEventId)
  }

  /** The cursor to come back with. */
  get cursor(): string {
    return this.read.lastEventId
  }
}

/** Connects to an answer; returns the client, or the status that it was refused with. */
export async function connect(
  answers: Answers,
  id: string,
  options: AnswerClientOptions = {},
): Promise<AnswerClient | number> {
  const { cursor = "", room: _, ...others } = options
  const server = answers as unknown as LogServer<string, AnswerConnectOptions>
  const request = server.accept(cursor, undefined, id, others)
  const refusal = await server.refusalOf(request, others)
  return refusal ?? new AnswerClient(server, request, options)
}

/** Connects to an answer that must be there. */
export async function join(answers: Answers, id: string, options: AnswerClientOptions = {}): Promise<AnswerClient> {
  const client = await connect(answers, id, options)
  if (typeof client === "number") throw new Error(`The client was refused with ${client}`)
  return client
}

type Item = { readonly value: unknown } | { readonly error: unknown } | "end"

/** A source whose items come when the test wants; it counts how many were taken. */
export class TestSource implements AsyncIterable<never> {
  taken = 0
  /** Whether its reader has left early. */
  isLeft = false
  signal: AbortSignal | undefined = undefined
  readonly #items: Item[] = []
  #wake: () => void = () => {}

  /** The function for `start`. */
  readonly make = (signal: AbortSignal): this => {
    this.signal = signal
    return this
  }

  push(...data: string[]): this {
    return this.add(...data.map((text) => ({ value: { data: text } })))
  }

  /** Adds any items, or the end. */
  add(...items: Item[]): this {
    this.#items.push(...items)
    this.#wake()
    return this
  }

  end(): this {
    return this.add("end")
  }

  fail(error: unknown): this {
    return this.add({ error })
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<never> {
    try {
      for (;;) {
        while (this.#items.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve))
        const item = this.#items.shift()!
        if (item === "end") return
        if ("error" in item) throw item.error
        this.taken++
        yield item.value as never
      }
    } finally {
      this.isLeft = true
    }
  }
}
