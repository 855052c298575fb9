/*
 * Runs what the specification queues as tasks: one at a time, in order, outside of the parser, and after the promises of
 * the task before have settled. An error of a task is reported and stops nothing. Its owner waits for `idle`, so that it never holds more than one chunk brings.
 */
import { reportGlobally } from "../internal/hook.ts"

/**
 * How many turns of promises pass before a task. The platform settles all promises between two tasks; code that awaits one
 * event and then listens for the next needs this many turns, through a few functions of its own.
 */
const TURNS = 8
const TURN: Promise<void> = Promise.resolve()

export class TaskQueue {
  #tasks: (() => void)[] = []
  #running: Promise<void> | undefined

  add(task: () => void): void {
    this.#tasks.push(task)
    this.#running ??= this.#run()
  }

  /** Drops the tasks that have not run. */
  clear(): void {
    this.#tasks.length = 0
  }

  /** Fulfils when no task is left; `undefined` if that is now. */
  idle(): Promise<void> | undefined {
    return this.#running
  }

  async #run(): Promise<void> {
    for (let next = 0; next < this.#tasks.length; next++) {
      for (let turn = 0; turn < TURNS; turn++) await TURN
      try {
        this.#tasks[next]?.()
      } catch (error) {
        reportGlobally(error)
      }
    }
    this.#tasks = []
    this.#running = undefined
  }
}
