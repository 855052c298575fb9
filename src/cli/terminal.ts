/*
 * The streams and the signals of the process. Output waits for a slow reader; a closed pipe, SIGINT, SIGTERM and SIGHUP abort
 * `signal`, whose reason holds the exit code.
 */
import { type Colours, coloursOf } from "./colours.ts"
import { FAILED, OK, SIGNAL_CODES } from "./exit-codes.ts"

/** The parts of Node's `process` that are used. */
export interface ProcessLike {
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly env: NodeJS.ProcessEnv
  once(event: NodeJS.Signals, run: () => void): unknown
}

/** The reason of {@link Terminal.signal}. */
export class Ended extends Error {
  override readonly name = "Ended"
  readonly code: number

  constructor(code: number) {
    super("The command was ended")
    this.code = code
  }
}

/** How long a command runs before its progress is shown, and between two updates, in milliseconds. */
const PROGRESS_AFTER = 2_000
const PROGRESS_EVERY = 500

const DEFAULT_COLUMNS = 80
const ERASE_LINE = "\r\u001B[K"

export class Terminal {
  readonly #stdout: NodeJS.WriteStream
  readonly #stderr: NodeJS.WriteStream
  readonly #controller = new AbortController()
  readonly colours: Colours
  readonly errorColours: Colours
  #hasProgress = false
  #timer: NodeJS.Timeout | undefined = undefined

  constructor(process: ProcessLike) {
    const { stdout, stderr, env } = process
    this.#stdout = stdout
    this.#stderr = stderr
    this.colours = coloursOf(stdout.isTTY && env)
    this.errorColours = coloursOf(stderr.isTTY && env)
    stdout.on("error", ({ code }: NodeJS.ErrnoException) => {
      // A reader that has left is the normal end of a pipe such as `| head`.
      if (code === "EPIPE") return this.#controller.abort(new Ended(OK))
      this.note(`steadystream: Cannot write the output (${code ?? "unknown error"})`)
      this.#controller.abort(new Ended(FAILED))
    })
    stderr.on("error", () => {})
    for (const [name, code] of Object.entries(SIGNAL_CODES)) {
      // Once: the second signal ends a command that cannot end by itself.
      process.once(name as NodeJS.Signals, () => this.#controller.abort(new Ended(code)))
    }
  }

  /** Aborts when the command must end. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get isInteractive(): boolean {
    return this.#stdout.isTTY
  }

  /**
   * Writes to the output, and waits until its reader has room.
   *
   * @throws Ended if the command ends before.
   */
  async write(chunk: string | Uint8Array): Promise<void> {
    this.signal.throwIfAborted()
    this.#eraseProgress()
    if (this.#stdout.write(chunk)) return
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => {
        this.#stdout.off("drain", onDrain)
        reject(this.signal.reason as Error)
      }
      const onDrain = () => {
        this.signal.removeEventListener("abort", onAbort)
        resolve()
      }
      this.#stdout.once("drain", onDrain)
      this.signal.addEventListener("abort", onAbort, { once: true })
    })
  }

  /** Writes to the output, also while the command ends. Resolves when it is written, or when its reader has left. */
  async pass(chunk: string): Promise<void> {
    await new Promise<void>((resolve) => void this.#stdout.write(chunk, () => resolve()))
  }

  /** Writes a line for the user to the error output. */
  note(line: string): void {
    this.#eraseProgress()
    this.#stderr.write(`${line}\n`)
  }

  /** Shows the line that `describe` returns if the command takes long and the error output is a terminal. */
  startProgress(describe: () => string): void {
    if (!this.#stderr.isTTY) return
    const start = performance.now()
    this.#timer = setInterval(() => {
      if (performance.now() - start < PROGRESS_AFTER) return
      // Some terminals report no width.
      const line = describe().slice(0, (this.#stderr.columns || DEFAULT_COLUMNS) - 1)
      this.#stderr.write(`${ERASE_LINE}${this.errorColours.dim(line)}`)
      this.#hasProgress = true
    }, PROGRESS_EVERY)
    this.#timer.unref()
  }

  endProgress(): void {
    clearInterval(this.#timer)
    this.#eraseProgress()
  }

  /** Resolves when the command must end. */
  async untilEnded(): Promise<never> {
    if (!this.signal.aborted) {
      await new Promise((resolve) => this.signal.addEventListener("abort", resolve, { once: true }))
    }
    throw this.signal.reason
  }

  /** Resolves when everything is written, or the command must end. */
  async flush(): Promise<void> {
    if (this.signal.aborted) return
    await Promise.race([
      new Promise<void>((resolve) => void this.#stdout.write("", () => resolve())),
      this.untilEnded().catch(() => {}),
    ])
  }

  #eraseProgress(): void {
    if (!this.#hasProgress) return
    this.#hasProgress = false
    this.#stderr.write(ERASE_LINE)
  }
}
