import { onAbort } from "../internal/abort-listener.ts"
import { ignore } from "../internal/cancel.ts"
import { systemClock } from "../internal/clock.ts"
import { type Connected, goneError, type Outlet } from "../session/index.ts"
import type { NodeRequest, NodeResponse, NodeSocket } from "./node-response.ts"

const HTTP2_INTERNAL_ERROR = 2

/** How long a broken response waits for its last bytes to be written, in milliseconds. */
const WRITE_GRACE = 500

/** A response of Node: it takes blocks as fast as its socket, and reports to its session when the client has left. */
export class ResponseOutlet implements Outlet {
  readonly #res: NodeResponse
  readonly #session: Connected
  readonly #onOver: () => void
  #isOver: boolean
  #hasWritten = false
  readonly #forgetSocket: () => void = ignore

  /** @param onOver - Called once, when the response is over or its client has left. */
  constructor(req: NodeRequest, res: NodeResponse, session: Connected, onOver: () => void) {
    this.#res = res
    this.#session = session
    this.#onOver = onOver
    // A pipelined response that waits for its turn has no socket, and emits no 'close' when its client leaves.
    const socket = res.socket === null ? (req.socket ?? undefined) : undefined
    this.#isOver =
      res.destroyed === true || res.writableEnded || res.stream?.destroyed === true || socket?.destroyed === true
    if (this.#isOver) return
    if (socket !== undefined) this.#forgetSocket = onAbort(closedSignalOf(socket), this.#onGone)
    res.on("close", this.#onGone)
    res.on("error", this.#onGone)
    res.on("drain", this.#onDrain)
    res.on("finish", this.#onFinish)
  }

  /** Whether the client has left or the response is over. */
  get isOver(): boolean {
    return this.#isOver
  }

  get backlog(): number {
    return this.#res.writableLength ?? 0
  }

  write(bytes: Uint8Array<ArrayBuffer>): boolean {
    if (this.#isOver) return true
    // Someone else has ended it: each write would be one more 'error', and only the first has a listener.
    if (this.#res.writableEnded) this.#onGone()
    else {
      try {
        return this.#send(bytes)
      } catch {
        // A middleware may replace `write`; what it throws must not reach the other clients of a channel.
        this.#break()
      }
    }
    return true
  }

  end(): void {
    if (!this.#isOver) this.#res.end()
  }

  fail(_error: unknown, isAtOnce: boolean): void {
    if (this.#isOver) return
    if (isAtOnce || this.#res.writableEnded) return this.#break()
    // A middleware may replace `write` and never call back.
    const timer = systemClock.setTimeout(() => this.#break(), WRITE_GRACE)
    const onWritten = () => {
      systemClock.clearTimeout(timer)
      this.#break()
    }
    try {
      this.#send(new Uint8Array(0), onWritten)
    } catch {
      onWritten()
    }
  }

  #send(bytes: Uint8Array, onWritten?: () => void): boolean {
    this.#hasWritten = true
    const hasRoom = this.#res.write(bytes, onWritten)
    // A response that a middleware compresses holds its bytes back until then.
    this.#res.flush?.()
    return hasRoom
  }

  /** Stops waiting for the end, and removes the listeners. */
  release(): void {
    this.#isOver = true
    this.#forgetSocket()
    this.#res.off("close", this.#onGone)
    this.#res.off("error", this.#onGone)
    this.#res.off("drain", this.#onDrain)
    this.#res.off("finish", this.#onFinish)
  }

  /** Breaks the connection at once, so that the client sees no clean end. */
  #break(): void {
    const { stream } = this.#res
    // The client sees the status of a response that breaks before its first block.
    if (!this.#hasWritten && this.#res.headersSent) this.#res.flushHeaders?.()
    // Not `destroy`, which ends the stream of an http2 response cleanly.
    if (stream?.close !== undefined) stream.close(HTTP2_INTERNAL_ERROR)
    // A pipelined response that waits for its turn has no socket yet; destroyed now, Node would not close it then.
    else if (this.#res.socket === null && !this.#isOver) this.#res.on("socket", () => this.#res.destroy())
    else this.#res.destroy()
    this.#onGone()
  }

  readonly #onGone = (): void => {
    if (this.#isOver) return
    this.release()
    this.#session.leave(goneError())
    this.#onOver()
  }

  readonly #onFinish = (): void => {
    if (this.#isOver) return
    this.release()
    // Someone else may have ended it.
    this.#session.leave(goneError())
    this.#onOver()
  }

  readonly #onDrain = (): void => this.#session.onReady()
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
