import { encodeText } from "../../internal/encode-text.ts"
import { SseParser } from "../../parser/index.ts"
import type { SseEvent } from "../../event.ts"
import type { Cursor, LogEvent } from "../store/event-store.ts"

/** One event of a log: encoded once, however many sessions it goes to. */
export class LogEntry {
  readonly sequence: number
  readonly cursor: Cursor
  /** The block, without ID. */
  readonly text: string
  #bytes: Uint8Array<ArrayBuffer> | undefined = undefined
  #event: SseEvent | undefined = undefined

  constructor(sequence: number, { cursor, text }: LogEvent) {
    this.sequence = sequence
    this.cursor = cursor
    this.text = text
  }

  /** The number of UTF-16 units of the text, about its bytes. */
  get size(): number {
    return this.text.length
  }

  /** The block with its cursor as ID: one object for all sessions of this log alone. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return (this.#bytes ??= toBytes(this.text, this.cursor))
  }

  /** The block with another ID, for a session of several logs. */
  bytesWith(id: string): Uint8Array<ArrayBuffer> {
    return toBytes(this.text, id)
  }

  /** The event, for the functions of the caller. */
  get event(): SseEvent {
    if (this.#event === undefined) {
      const parser = new SseParser({
        onEvent: ({ event, data }) => void (this.#event = eventOf(event, data, this.cursor)),
      })
      parser.feed(this.text)
      this.#event ??= eventOf("message", "", this.cursor)
    }
    return this.#event
  }
}

function eventOf(event: string, data: string, cursor: Cursor): SseEvent {
  return { event, data, id: cursor, lastEventId: cursor }
}

/** Returns the bytes of a block with an ID. Node writes a Buffer faster than other bytes. */
export function toBytes(text: string, id: string): Uint8Array<ArrayBuffer> {
  const block = `id: ${id}\n${text}`
  const { Buffer } = globalThis as { readonly Buffer?: { from(text: string): Uint8Array<ArrayBuffer> } }
  return Buffer === undefined ? encodeText(block) : Buffer.from(block)
}
