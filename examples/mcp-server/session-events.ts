/* The messages of one MCP session, in one log of a store. The ID of a message is the cursor of its event in that log. */
import { setTimeout } from "node:timers/promises"
import type { EventStore as McpEventStore } from "@modelcontextprotocol/sdk/server/streamableHttp.js"
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js"
import { encodeEvent } from "steadystream"
import type { EventStore, StoreWatch } from "steadystream/server"

export interface StoredMessage {
  readonly id: string
  readonly streamId: string
  readonly message: JSONRPCMessage
}

type Send = (eventId: string, message: JSONRPCMessage) => Promise<void>

export class SessionEvents implements McpEventStore {
  readonly #store: EventStore
  readonly #log: string
  #turn: Promise<unknown> = Promise.resolve()
  #hasEnded = false

  constructor(store: EventStore, sessionId: string) {
    this.#store = store
    this.#log = `mcp:${sessionId}`
  }

  storeEvent(streamId: string, message: JSONRPCMessage): Promise<string> {
    return this.#inTurn(async () => {
      if (this.#hasEnded) throw new Error("Cannot store the message: the session has ended")
      const text = encodeEvent({ data: JSON.stringify({ streamId, message }) })
      const { cursors } = await this.#store.append(this.#log, [{ text }])
      return cursors[0]!
    })
  }

  replayEventsAfter(lastEventId: string, { send }: { send: Send }): Promise<string> {
    return this.#inTurn(async () => {
      const messages = this.#streamFrom(lastEventId)
      const { value: last } = await messages.next()
      if (last === undefined) throw new Error("Cannot replay: the session does not have this event ID")
      for await (const { id, message } of messages) await send(id, message)
      return last.streamId
    })
  }

  /**
   * The message with this ID, and then every later message of its stream, also those to come, up to the answer of its
   * request. Nothing if the session does not have this ID.
   */
  async *follow(lastEventId: string, signal: AbortSignal): AsyncGenerator<StoredMessage, void> {
    let news = new AbortController()
    let watch: StoreWatch | undefined
    const nextNews = async () => {
      if (watch === undefined) {
        watch = this.#store.watch(this.#log, () => news.abort())
        await watch.ready
      } else {
        // News may be lost, so look now and then without it.
        await setTimeout(15_000, undefined, { signal: AbortSignal.any([signal, news.signal]) }).catch(() => {})
        news = new AbortController()
      }
      return !signal.aborted
    }
    try {
      for await (const stored of this.#streamFrom(lastEventId, nextNews)) {
        yield stored
        if ("result" in stored.message || "error" in stored.message) return
      }
    } finally {
      watch?.stop()
    }
  }

  /** Removes the messages. Messages that come later are refused. */
  end(): Promise<void> {
    return this.#inTurn(() => {
      this.#hasEnded = true
      return this.#store.drop(this.#log)
    })
  }

  async *#streamFrom(firstId: string, nextNews = async () => false): AsyncGenerator<StoredMessage, void> {
    const [, epoch, sequence] = /^(\w+)-(\d+)$/.exec(firstId) ?? []
    let position = `${epoch}-${Number(sequence) - 1}`
    let stream: string | undefined
    let more: boolean
    do {
      const page = await this.#store.read(this.#log, position)
      if (page.gap && stream !== undefined) throw new Error("Cannot replay: messages are no longer stored")
      for (const { cursor: id, text } of page.events) {
        // JSON has no line breaks, so the event has one line of data.
        const { streamId, message } = JSON.parse(text.slice("data: ".length)) as StoredMessage
        if (stream === undefined && id !== firstId) return
        stream ??= streamId
        if (streamId === stream) yield { id, streamId, message }
      }
      if (stream === undefined) return
      position = page.next
      more = page.more
    } while (more || (await nextNews()))
  }

  /** One task at a time: the package loses a message that is stored between the last read of a replay and its end. */
  #inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(task)
    this.#turn = result.catch(() => {})
    return result
  }
}
