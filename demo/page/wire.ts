import { encodeEvent, type SseEventInit } from "steadystream"

const MAX_LINES = 11

/** Shows the sentence's events as the server sent them: encoding a parsed event returns its original text. */
export class Wire {
  readonly #element: HTMLElement

  constructor(element: HTMLElement) {
    this.#element = element
  }

  add(event: SseEventInit): void {
    for (const line of encodeEvent(event).split("\n").slice(0, -1)) this.#addLine(line)
    while (this.#element.children.length > MAX_LINES) this.#element.firstElementChild?.remove()
  }

  clear(): void {
    this.#element.replaceChildren()
  }

  #addLine(line: string): void {
    const row = document.createElement("span")
    const colon = line.indexOf(":") + 1
    const field = document.createElement("b")
    field.textContent = line.slice(0, colon)
    row.append(field, line.slice(colon), "\n")
    this.#element.append(row)
  }
}
