import { onAbort } from "../internal/abort-listener.ts"
import { cancelQuietly, ignore } from "../internal/cancel.ts"
import { systemClock } from "../internal/clock.ts"
import type { NodeRequest, NodeResponse, NodeSocket } from "./node-response.ts"

const HTTP2_INTERNAL_ERROR = 2

/** How long a broken response waits for its last bytes to be written, in milliseconds. */
const WRITE_GRACE = 500

/** Writes a stream to a Node response, and tracks whether the client is still connected. */
export class Connection {
  readonly #res: NodeResponse
  #gone: boolean
  #finished = false
  #unwritten = 0
  #wake: (() => void) | undefined = undefined
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined = undefined
  readonly #forgetSocket: () => void = ignore

  constructor(req: NodeRequest, res: NodeResponse) {
    this.#res = res
    // A pipelined response that waits for its turn has no socket, and emits no 'close' when its client leaves.
    const socket = res.socket === null ? (req.socket ?? undefined) : undefined
    this.#gone =
      res.destroyed === true || res.writableEnded || res.stream?.destroyed === true || socket?.destroyed === true
    if (this.#gone) return
    if (socket !== undefined) this.#forgetSocket = onAbort(closedSignalOf(socket), this.#onGone)
    res.on("close", this.#onGone)
    res.on("error", this.#onGone)
    res.on("drain", this.#onProgress)
    res.on("finish", this.#onFinish)
  }

  /** Whether the client has left or the response is over. */
  get gone(): boolean {
    return this.#gone
  }

  /** Writes the body at the pace of the socket. Resolves with false if the body fails, else with true at its end. */
  async send(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<boolean> {
    this.#reader = reader
    try {
      for (;;) {
        const { done, value } = await reader.read()
        if (done || this.#gone) return true
        this.#unwritten++
        const hasRoom = this.#res.write(value, this.#onWritten)
        // A response that a middleware compresses holds its bytes back until then.
        this.#res.flush?.()
        if (!hasRoom) await this.#progress()
      }
    } catch {
      return false
    }
  }

  /** Ends the response and waits until the operating system has all of it. */
  async end(): Promise<void> {
    if (this.#gone) return
    this.#res.end()
    while (!this.#finished && !this.#gone) await this.#progress()
  }

  /** Breaks the connection after the operating system has all written bytes. */
  async cut(): Promise<void> {
    // A middleware may replace `write` and never call back.
    const timer = systemClock.setTimeout(() => this.break(), WRITE_GRACE)
    while (this.#unwritten > 0 && !this.#gone) await this.#progress()
    systemClock.clearTimeout(timer)
    this.break()
  }

  /** Breaks the connection at once, so that the client sees no clean end. */
  break(): void {
    const { stream } = this.#res
    // Not `destroy`, which ends the stream of an http2 response cleanly.
    if (stream?.close !== undefined) stream.close(HTTP2_INTERNAL_ERROR)
    // A pipelined response that waits for its turn has no socket yet; destroyed now, Node would not close it then.
    else if (this.#res.socket === null && !this.#gone) this.#res.on("socket", () => this.#res.destroy())
    else this.#res.destroy()
    this.#onGone()
  }

  /** Removes the listeners. */
  release(): void {
    this.#forgetSocket()
    this.#res.off("close", this.#onGone)
    this.#res.off("error", this.#onGone)
    this.#res.off("drain", this.#onProgress)
    this.#res.off("finish", this.#onFinish)
  }

  #progress(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#gone) return resolve()
      this.#wake = resolve
    })
  }

  readonly #onGone = (): void => {
    this.#gone = true
    if (this.#reader !== undefined) cancelQuietly(this.#reader)
    this.#onProgress()
  }

  readonly #onFinish = (): void => {
    this.#finished = true
    this.#onProgress()
  }

  readonly #onWritten = (): void => {
    if (--this.#unwritten === 0) this.#onProgress()
  }

  readonly #onProgress = (): void => {
    this.#wake?.()
    this.#wake = undefined
  }
}

const closedSignals: WeakMap<NodeSocket, AbortSignal> = new WeakMap()

/** Returns a signal that aborts when `socket` closes. All its responses share one, as Node warns at 11 listeners. */
function closedSignalOf(socket: NodeSocket): AbortSignal {
  const known = closedSignals.get(socket)
  if (known !== undefined) return known
  const closed = new AbortController()
  socket.on("close", () => closed.abort())
  closedSignals.set(socket, closed.signal)
  return closed.signal
}
