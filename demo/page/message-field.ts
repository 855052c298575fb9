import { find } from "./dom.ts"

const REFUSAL = "Write a message first."

/** The message of the third panel. An empty message is refused, and Ctrl+Enter or ⌘+Enter submits the form. */
export class MessageField {
  readonly #textarea: HTMLTextAreaElement
  readonly #hint: HTMLElement
  readonly #help: string

  constructor(form: HTMLFormElement) {
    this.#textarea = find(form, "textarea", HTMLTextAreaElement)
    this.#hint = find(form, "#message-hint")
    this.#help = this.#hint.textContent ?? ""
    this.#textarea.addEventListener("input", () => this.#setInvalid(false))
    this.#textarea.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing || !(event.ctrlKey || event.metaKey)) return
      event.preventDefault()
      form.requestSubmit()
    })
  }

  get value(): string {
    return this.#textarea.value
  }

  set value(value: string) {
    this.#textarea.value = value
    this.#setInvalid(false)
  }

  /** Returns whether there is a message. If there is none, the hint says so, and the focus moves to the field. */
  check(): boolean {
    const isEmpty = this.#textarea.value.trim() === ""
    this.#setInvalid(isEmpty)
    if (isEmpty) this.#textarea.focus()
    return !isEmpty
  }

  #setInvalid(invalid: boolean): void {
    this.#textarea.setAttribute("aria-invalid", String(invalid))
    const text = invalid ? REFUSAL : this.#help
    if (this.#hint.textContent !== text) this.#hint.textContent = text
  }
}
