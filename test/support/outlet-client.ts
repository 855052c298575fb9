/* A client without a network: an outlet that takes as many blocks as the test allows. */
import type { EventSession, Outlet } from "../../src/session/index.ts"
import { type ModelResult, parseModel } from "./model.ts"

export class OutletClient implements Outlet {
  readonly session: EventSession
  /** The bytes that were written and not taken, if the test sets them. */
  backlog = 0
  blocks = 0
  ending: "open" | "clean" | "broken" = "open"
  error: unknown = undefined
  #text = ""
  #room: number
  #isReady = true

  /** @param room - The blocks that the client takes; then it waits for `take()`. */
  constructor(session: EventSession, room = Infinity) {
    this.#room = room
    this.session = session
    this.session.attach(this)
    this.session.onReady()
  }

  get text(): string {
    return this.#text
  }

  get read(): ModelResult {
    return parseModel(this.#text, { lastEventId: this.session.lastEventId })
  }

  /** The data of the events. */
  get data(): string[] {
    return this.read.events.map(({ data }) => data)
  }

  write(bytes: Uint8Array): boolean {
    if (this.ending !== "open") throw new Error("Wrote after the end")
    if (!this.#isReady) throw new Error("Wrote although the outlet was busy")
    this.#text += new TextDecoder().decode(bytes)
    this.blocks++
    this.#isReady = --this.#room > 0
    return this.#isReady
  }

  /** Takes more blocks. */
  take(count = Infinity): void {
    this.#room = Math.max(0, this.#room) + count
    if (this.#isReady) return
    this.#isReady = true
    this.session.onReady()
  }

  leave(): void {
    this.session.leave(new Error("left"))
  }

  end(): void {
    this.#over("clean")
  }

  fail(error: unknown): void {
    this.error = error
    this.#over("broken")
  }

  #over(end: "clean" | "broken"): void {
    if (this.ending !== "open") throw new Error("Ended twice")
    this.ending = end
  }
}
