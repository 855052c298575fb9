/* Where a recording is written: a file, or the output of the process. */
import { closeSync, fstatSync, ftruncateSync, openSync, statSync, writeFileSync } from "node:fs"
import type { Terminal } from "./terminal.ts"
import { UsageError } from "./usage-error.ts"

export interface RecordingOutput {
  /** @throws the error of the system. */
  write(text: string): void
  /** Called when the first response has arrived: from now on, there is something to keep. */
  begin(): void
  /** Resolves when there is room for more. */
  ready(): Promise<void>
  /** Returns whether the recording was written. */
  close(): boolean
}

/** A file. What is in it is replaced when the recording begins, so a failed connection never costs an old recording. */
export class FileOutput implements RecordingOutput {
  readonly #path: string
  readonly #descriptor: number
  /** What is not written yet, because the file still has its old content. */
  #held: string | undefined

  /** @throws UsageError if it is no file, the error of the system if it cannot be written. */
  constructor(path: string) {
    // A URL may hold a key, which no message quotes. To open a FIFO blocks the process until it has a reader.
    const isFifo = statSync(path, { throwIfNoEntry: false })?.isFIFO() === true
    if (isFifo || /^\w+:\/\//.test(path)) {
      throw new UsageError('"--output" must be a file, or - for the output, and no URL or FIFO')
    }
    this.#path = path
    this.#descriptor = openSync(path, "a")
    const found = fstatSync(this.#descriptor)
    this.#held = found.isFile() && found.size > 0 ? "" : undefined
  }

  write(text: string): void {
    if (this.#held === undefined) this.#try(() => writeFileSync(this.#descriptor, text))
    else this.#held += text
  }

  begin(): void {
    if (this.#held === undefined) return
    const text = this.#held
    this.#held = undefined
    this.#try(() => ftruncateSync(this.#descriptor))
    this.write(text)
  }

  async ready(): Promise<void> {}

  close(): boolean {
    closeSync(this.#descriptor)
    return this.#held === undefined
  }

  #try(run: () => void): void {
    try {
      run()
    } catch (error) {
      throw Object.assign(error as Error, { path: this.#path })
    }
  }
}

/** The output of the process. */
export class StandardOutput implements RecordingOutput {
  readonly #terminal: Terminal
  #last: Promise<void> = Promise.resolve()

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  write(text: string): void {
    this.#last = this.#terminal.pass(text)
  }

  begin(): void {}

  ready(): Promise<void> {
    return this.#last
  }

  close(): boolean {
    return true
  }
}
