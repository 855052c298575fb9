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

export interface TaskQueue {
  readonly add: (task: () => void) => void
  /** Drops the tasks that have not run. */
  readonly clear: () => void
  /** Fulfils when nothing is left to run; `undefined` where that is now. */
  readonly idle: () => Promise<void> | undefined
}

export function createTaskQueue(): TaskQueue {
  let tasks: (() => void)[] = []
  let running: Promise<void> | undefined
  const run = async () => {
    for (let next = 0; next < tasks.length; next++) {
      for (let turn = 0; turn < TURNS; turn++) await TURN
      tasks[next]?.()
    }
    tasks = []
    running = undefined
  }
  return {
    add(task) {
      tasks.push(task)
      running ??= run()
    },
    clear() {
      tasks.length = 0
    },
    idle: () => running,
  }
}
