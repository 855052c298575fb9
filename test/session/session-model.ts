/*
 * What a session must do, in the simplest form: one list of what waits, and how many blocks the client takes. It shares no
 * code with the session.
 */

export type Outcome = "waits" | "sent" | "rejected"

interface Item {
  readonly text: string
  state: "ready" | "unchecked" | "refused"
  outcome: Outcome
}

export class SessionModel {
  readonly items: Item[] = []
  readonly written: string[] = []
  state: "open" | "closed" = "open"
  ending: "open" | "clean" | "failed" | "broken" = "open"
  #end: "clean" | "failed" = "clean"
  #waiting: Item[] = []
  #room = 0

  get hasEnded(): boolean {
    return this.ending !== "open"
  }

  send(text: string, state: Item["state"]): void {
    const item: Item = { text, state, outcome: this.state === "open" ? "waits" : "rejected" }
    this.items.push(item)
    if (this.state === "open") this.#waiting.push(item)
    this.#flush()
  }

  /** The schema of an event answers. */
  answer(at: number, isFit: boolean): void {
    const item = this.items[at]
    if (item?.state !== "unchecked") return
    item.state = isFit ? "ready" : "refused"
    this.#flush()
  }

  take(count: number): void {
    this.#room += count
    this.#flush()
  }

  end(how: "clean" | "failed"): void {
    if (this.state === "closed") return
    this.state = "closed"
    this.#end = how
    this.#flush()
  }

  leave(): void {
    this.state = "closed"
    if (this.hasEnded) return
    this.ending = "broken"
    for (const item of this.#waiting) item.outcome = "rejected"
    this.#waiting = []
  }

  /** A second after the end, events are dropped whose schemas have not answered. */
  drop(): void {
    if (this.state === "open") return
    for (const item of this.#waiting) if (item.state === "unchecked") item.state = "refused"
    this.#flush()
  }

  #flush(): void {
    // A refused event rejects at once, wherever it waits.
    for (const item of this.#waiting) if (item.state === "refused") item.outcome = "rejected"
    for (;;) {
      while (this.#waiting[0]?.state === "refused") this.#waiting.shift()
      const [first] = this.#waiting
      if (first === undefined || first.state === "unchecked" || this.#room === 0) break
      this.#room--
      this.#waiting.shift()
      this.written.push(first.text)
      first.outcome = "sent"
    }
    if (this.#waiting.length === 0 && this.state === "closed" && !this.hasEnded) this.ending = this.#end
  }
}
