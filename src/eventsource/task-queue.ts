/*
 * Law: what the specification queues as a task runs here: one at a time, in order, outside of the parser, and with the
 * promises of the one settled before the next. Whoever feeds it waits for `idle`, so that it never holds more than one
 * chunk brings.
 */

/**
 * How many turns of promises pass before a task. Between two tasks of the platform all promises settle; that many turns
 * are what code which awaits one event and then listens for the next needs, through a few functions of its own.
 */
const TURNS = 8
const TURN: Promise<void> = Promise.resolve()

export class TaskQueue {
  #tasks: (() => void)[] = []
  #isRunning = false
  #onIdle: (() => void) | undefined = undefined

  add(task: () => void): void {
    this.#tasks.push(task)
    if (!this.#isRunning) void this.#run()
  }

  /** Drops the tasks that have not run. */
  clear(): void {
    this.#tasks.length = 0
  }

  /** Fulfils when nothing is left to run; `undefined` where that is now. */
  idle(): Promise<void> | undefined {
    if (!this.#isRunning) return undefined
    return new Promise((resolve) => {
      this.#onIdle = resolve
    })
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    for (let next = 0; next < this.#tasks.length; next++) {
      for (let turn = 0; turn < TURNS; turn++) await TURN
      this.#tasks[next]?.()
    }
    this.#tasks = []
    this.#isRunning = false
    this.#onIdle?.()
  }
}
