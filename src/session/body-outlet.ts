import { ignore } from "../internal/cancel.ts"
import { nextTask } from "../internal/next-task.ts"
import type { Outlet } from "./outlet.ts"
import type { EventSession } from "./event-session.ts"
import { goneError } from "./session-error.ts"

type BodyController = ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>

/** The body of a `Response`: it takes one block for each read. */
export class BodyOutlet implements Outlet {
  readonly backlog = 0
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>
  #controller: BodyController | undefined = undefined
  #answerPull: () => void = ignore
  #hasStarted = false

  /** @param onStart - Called once, when the body is first read and the session is open. */
  constructor(session: EventSession, onStart: () => void) {
    session.attach(this)
    const pull = () =>
      new Promise<void>((resolve) => {
        this.#answerPull = resolve
        session.onReady()
        if (this.#hasStarted) return
        this.#hasStarted = true
        if (session.state === "open") onStart()
      })
    this.body = new ReadableStream(
      {
        start: (controller) => void (this.#controller = controller),
        pull,
        cancel: (reason) => session.leave(goneError(reason)),
      },
      { highWaterMark: 0 },
    )
  }

  write(bytes: Uint8Array<ArrayBuffer>): boolean {
    this.#controller!.enqueue(bytes)
    this.#answerPull()
    return false
  }

  end(): void {
    this.#settle((controller) => controller.close())
  }

  fail(reason: unknown): void {
    // A server that aborts the signal of a request cancels the body in the same task, and reports a body that fails before.
    void nextTask().then(() => this.#settle((controller) => controller.error(reason)))
  }

  #settle(settle: (controller: BodyController) => void): void {
    try {
      settle(this.#controller!)
    } catch {
      // The body is already closed or cancelled.
    }
    this.#answerPull()
  }
}
