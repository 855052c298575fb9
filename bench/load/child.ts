/*
 * Calls between the coordinator and its child processes over IPC. Every call has a deadline, and a child ends itself when
 * its coordinator is gone, so that no process outlives a run.
 */
import { type ChildProcess, fork } from "node:child_process"
import { fileURLToPath } from "node:url"

// eslint-disable-next-line typescript/no-explicit-any -- why: each command has its own argument
export type Commands = Readonly<Record<string, (argument: any) => unknown>>

interface Call {
  readonly id: number
  readonly name: string
  readonly argument: unknown
}

interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: string
}

interface Waiting {
  resolve(result: never): void
  reject(error: Error): void
  readonly timer: NodeJS.Timeout
}

/** How long a call may take, and how long a child may take to end, in milliseconds. */
const CALL_DEADLINE = 60_000
const END_DEADLINE = 2_000

/** Answers the calls of the coordinator. A command is called synchronously when its message arrives. */
export function serveCommands(commands: Commands): void {
  process.on("message", (call: Call) => void answerCall(commands, call))
  process.on("disconnect", () => process.exit())
}

async function answerCall(commands: Commands, { id, name, argument }: Call): Promise<void> {
  let answer: Answer
  try {
    answer = { id, result: await commands[name]!(argument) }
  } catch (error) {
    answer = { id, error: error instanceof Error ? error.message : String(error) }
  }
  process.send!(answer)
}

/** A child process that answers calls. */
export class Child<C extends Commands> {
  readonly #name: string
  readonly #process: ChildProcess
  readonly #waiting: Map<number, Waiting> = new Map()
  readonly #ended: Promise<void>
  #calls = 0

  /** Starts a file of this folder. */
  constructor(file: string, ...args: string[]) {
    this.#name = [file, ...args].join(" ")
    this.#process = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
      execArgv: ["--expose-gc", "--disable-warning=ExperimentalWarning"],
      env: { ...process.env, NODE_OPTIONS: "" },
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    })
    this.#process.on("message", (answer: Answer) => this.#settle(answer))
    this.#process.on("error", (error) => this.#fail(error.message))
    this.#ended = new Promise((resolve) => {
      this.#process.once("exit", (code, signal) => {
        this.#fail(`ended with ${signal ?? code}`)
        resolve()
      })
    })
  }

  /** @param deadline - Milliseconds after which the call rejects. */
  call<Name extends keyof C & string>(
    name: Name,
    argument: Parameters<C[Name]>[0],
    deadline: number = CALL_DEADLINE,
  ): Promise<Awaited<ReturnType<C[Name]>>> {
    const id = ++this.#calls
    return new Promise((resolve, reject) => {
      const late = `Cannot call "${name}" of ${this.#name}: it must answer within ${Math.round(deadline)} ms`
      const timer = setTimeout(() => this.#settle({ id, error: late }), deadline)
      this.#waiting.set(id, { resolve, reject, timer })
      this.#process.send({ id, name, argument } satisfies Call, (error) => {
        if (error !== null) this.#settle({ id, error: error.message })
      })
    })
  }

  /** Ends the process, by force if it does not end itself. */
  async stop(): Promise<void> {
    if (this.#process.connected) this.#process.disconnect()
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), END_DEADLINE)
    await this.#ended
    clearTimeout(timer)
  }

  #settle({ id, result, error }: Answer): void {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return
    this.#waiting.delete(id)
    clearTimeout(waiting.timer)
    if (error === undefined) waiting.resolve(result as never)
    else waiting.reject(new Error(error))
  }

  #fail(reason: string): void {
    for (const id of this.#waiting.keys()) this.#settle({ id, error: `${this.#name}: ${reason}` })
  }
}
