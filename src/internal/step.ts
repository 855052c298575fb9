/*
 * A cancellable step of a longer work: ending it aborts its signal, rejects its wait and clears its timer. It has one wait
 * at a time: a race against one long-lived promise would keep a reaction of every wait, and a listener for each would be
 * added and removed for every chunk.
 */
import { ignore } from "./cancel.ts"
import { Timer } from "./timer.ts"

export class Step extends Timer {
  readonly #controller: AbortController = new AbortController()
  /** Aborts when the step ends. */
  readonly signal: AbortSignal = this.#controller.signal
  #reason: unknown
  #rejectWait: (reason: unknown) => void = ignore

  /** Ends the step: the wait that is on rejects with `reason`, and so does each later one. Only the first call counts. */
  override end(reason?: unknown): void {
    if (this.signal.aborted) return
    this.#reason = reason
    super.end()
    this.#rejectWait(reason)
    this.#controller.abort(reason)
  }

  /** @throws the reason, once the step has ended. */
  check(): void {
    if (this.signal.aborted) throw this.#reason
  }

  /**
   * Calls `begin` and waits for its promise, unless the step ends first; a value that comes later goes to `discard`.
   * `begin` is not called if the step has ended.
   */
  wait<T>(begin: () => PromiseLike<T>, discard: (late: T) => void = ignore): Promise<T> {
    return new Promise((resolve, reject) => {
      this.check()
      this.#rejectWait = reject
      begin().then((value) => (this.signal.aborted ? discard(value) : resolve(value)), reject)
    })
  }

  /** Waits for `ms` milliseconds, or until `wake` fulfils. */
  async sleep(ms: number, wake?: Promise<void>): Promise<void> {
    if (ms <= 0) return
    await this.wait(
      () =>
        new Promise<void>((resolve) => {
          this.after("sleep", ms, resolve)
          void wake?.then(resolve)
        }),
    )
  }
}
