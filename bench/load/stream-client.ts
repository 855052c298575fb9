/*
 * A client that costs little: a socket whose reads all go into one shared buffer, a decoder of chunked HTTP/1.1 bodies
 * and a counter of events. A real client spends more, which would hide the cost of the server.
 */
import { connect, type Socket } from "node:net"
import { EventCounter, type Receiver } from "./event-counter.ts"

export interface StreamClientOptions {
  readonly port: number
  readonly receiver: Receiver
  readonly lastEventId?: string | undefined
  /** The number of the first event, if it is known. */
  readonly next?: number | undefined
  /** Called when the headers and a first byte of the body have come. */
  onOpen(): void
  /** Called once when the connection is over, with the reason if it failed. */
  onClose(reason: string | undefined): void
}

/** All sockets of the process read into it, one after the other. */
const shared = Buffer.allocUnsafeSlow(64 * 1024)

const LF = 0x0a
const HEAD_END = "\r\n\r\n"
const HEAD = /^HTTP\/1\.1 200 .*\r\ntransfer-encoding: chunked\r\n/is

export class StreamClient {
  readonly #socket: Socket
  readonly #options: StreamClientOptions
  readonly #counter: EventCounter
  #head: string | undefined = ""
  #isOpen = false
  #size = ""
  /** The bytes of the chunk that are still to come. */
  #left = 0
  #error: string | undefined = undefined

  constructor(options: StreamClientOptions) {
    this.#options = options
    this.#counter = new EventCounter(options.receiver, options.next)
    this.#socket = connect({
      host: "127.0.0.1",
      port: options.port,
      onread: { buffer: shared, callback: (length) => this.#onRead(length) },
    })
    const cursor = options.lastEventId === undefined ? "" : `last-event-id: ${options.lastEventId}\r\n`
    this.#socket.write(`GET / HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n${cursor}\r\n`)
    this.#socket.on("error", (error) => (this.#error ??= error.message))
    this.#socket.on("close", () => options.onClose(this.#error))
  }

  /** Stops reading, so that the buffers of the sockets fill. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  close(isReset: boolean): void {
    if (isReset) this.#socket.resetAndDestroy()
    else this.#socket.destroy()
  }

  #onRead(length: number): boolean {
    try {
      const at = this.#head === undefined ? 0 : this.#readHead(length)
      if (at < length) this.#readChunks(at, length)
    } catch (error) {
      this.#error = (error as Error).message
      this.#socket.destroy()
    }
    return true
  }

  /** Returns where the body begins. */
  #readHead(length: number): number {
    const before = this.#head!.length
    const text = this.#head + shared.toString("latin1", 0, length)
    const end = text.indexOf(HEAD_END)
    if (end === -1) {
      this.#head = text
      return length
    }
    const head = text.slice(0, end + 2)
    if (!HEAD.test(head)) throw new Error(`Cannot read response: it must be 200 and chunked, not ${head}`)
    this.#head = undefined
    return end + HEAD_END.length - before
  }

  #readChunks(start: number, end: number): void {
    let at = start
    while (at < end) {
      if (this.#left === 0) {
        at = this.#readSize(at, end)
        continue
      }
      if (!this.#isOpen) {
        this.#isOpen = true
        this.#options.onOpen()
      }
      const stop = Math.min(end, at + this.#left)
      this.#counter.read(shared, at, stop)
      this.#left -= stop - at
      at = stop
    }
  }

  /** Reads the line with the size of the next chunk, and the end of the line before it. Returns where it ends. */
  #readSize(at: number, end: number): number {
    const found = shared.indexOf(LF, at)
    const stop = found === -1 || found >= end ? end : found
    this.#size += shared.toString("latin1", at, stop)
    if (stop === end) return end
    const size = this.#size.trim()
    this.#size = ""
    if (size !== "") this.#left = Number.parseInt(size, 16)
    return stop + 1
  }
}
