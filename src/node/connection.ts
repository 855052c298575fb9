import { cancelQuietly } from "../internal/cancel.ts"
import type { NodeResponse } from "./node-response.ts"

/** A response while its stream is sent. */
export class Connection {
  readonly #res: NodeResponse
  #gone: boolean
  #finished = false
  #unwritten = 0
  #wake: (() => void) | undefined = undefined
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined = undefined

  constructor(res: NodeResponse) {
    this.#res = res
    this.#gone = res.destroyed === true || res.writableEnded || res.stream?.destroyed === true
    if (this.#gone) return
    res.on("close", this.#onGone)
    res.on("error", this.#onGone)
    res.on("drain", this.#onProgress)
    res.on("finish", this.#onFinish)
  }

  /** Whether nobody reads the response any more. */
  get gone(): boolean {
    return this.#gone
  }

  /** Writes the body at the pace of the socket. Gives false where the body failed, true at its end or the client's. */
  async send(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<boolean> {
    this.#reader = reader
    try {
      for (;;) {
        const { done, value } = await reader.read()
        if (done || this.#gone) return true
        this.#unwritten++
        if (!this.#res.write(value, this.#onWritten)) await this.#progress()
      }
    } catch {
      return false
    }
  }

  /** Ends the response and waits until it has been handed to the system. */
  async end(): Promise<void> {
    if (this.#gone) return
    this.#res.end()
    while (!this.#finished && !this.#gone) await this.#progress()
  }

  /** Breaks the connection once what has been written has been handed to the system. */
  async cut(): Promise<void> {
    while (this.#unwritten > 0 && !this.#gone) await this.#progress()
    this.#res.destroy()
  }

  /** Takes the listeners back. */
  release(): void {
    this.#res.off("close", this.#onGone)
    this.#res.off("error", this.#onGone)
    this.#res.off("drain", this.#onProgress)
    this.#res.off("finish", this.#onFinish)
  }

  #progress(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#gone) return resolve()
      this.#wake = resolve
    })
  }

  readonly #onGone = (): void => {
    this.#gone = true
    if (this.#reader !== undefined) cancelQuietly(this.#reader)
    this.#onProgress()
  }

  readonly #onFinish = (): void => {
    this.#finished = true
    this.#onProgress()
  }

  readonly #onWritten = (): void => {
    if (--this.#unwritten === 0) this.#onProgress()
  }

  readonly #onProgress = (): void => {
    this.#wake?.()
    this.#wake = undefined
  }
}
