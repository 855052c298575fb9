/* Sends an answer byte by byte. Nothing waits, and no timer runs, after the socket is closed. */
import { ignore } from "../internal/cancel.ts"
import { MAX_TIMER_MS } from "../internal/clock.ts"
import { type FaultAnswer, wireOf } from "./fault-answer.ts"
import type { NodeRequest, NodeSocket } from "./node-shapes.ts"

/** Answers a request, and ends its socket as the answer says. */
export async function send({ socket, method }: NodeRequest, answer: FaultAnswer): Promise<void> {
  const { pieces, repeated, end } = await wireOf(answer, method)
  const sender = new Sender(socket)
  const { pieceDelay } = answer
  const begun = performance.now()
  let due = 0
  const waitForTurn = async (at: number): Promise<void> => {
    if (typeof pieceDelay === "number") return sender.wait(pieceDelay)
    // Counted from the start, so that late timers do not add up over many pieces.
    due += pieceDelay?.[at] ?? 0
    const left = begun + due - performance.now()
    if (due > 0 && left > 0) await sender.wait(left)
  }
  for (const [at, piece] of pieces.entries()) {
    await waitForTurn(at)
    if (socket.destroyed) return
    await sender.write(piece)
  }
  if (typeof pieceDelay === "object") await waitForTurn(pieces.length)
  if (repeated !== undefined) return sendEndlessly(socket, sender, repeated)
  if (end === "fin") socket.end()
  else if (end === "reset") socket.resetAndDestroy()
}

async function sendEndlessly(socket: NodeSocket, sender: Sender, bytes: Uint8Array): Promise<void> {
  while (!socket.destroyed) {
    await sender.write(bytes)
    // A system that takes every byte at once would block this process, and the client in it.
    await sender.wait(0)
  }
}

/** Waits for one thing at a time, and no longer than its socket is open. */
class Sender {
  readonly #socket: NodeSocket
  #settle: () => void = ignore
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(socket: NodeSocket) {
    this.#socket = socket
    socket.on("close", () => {
      clearTimeout(this.#timer)
      this.#settle()
    })
  }

  /** Resolves when the system has taken the bytes. */
  write(bytes: Uint8Array): Promise<void> {
    return this.#until((resolve) => this.#socket.write(bytes, resolve))
  }

  /** Waits without end, until the socket is closed, if `ms` is Infinity. */
  async wait(ms: number): Promise<void> {
    let left = ms
    do {
      const step = Math.min(left, MAX_TIMER_MS)
      left -= step
      await this.#until((resolve) => (this.#timer = setTimeout(resolve, step)))
    } while (left > 0 && !this.#socket.destroyed)
  }

  #until(start: (resolve: () => void) => unknown): Promise<void> {
    return new Promise((resolve) => {
      this.#settle = resolve
      if (this.#socket.destroyed) resolve()
      else start(() => resolve())
    })
  }
}
