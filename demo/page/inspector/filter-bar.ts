import { find } from "../dom.ts"
import { namesOf, passes } from "./mark-filter.ts"
import { MAX_ROWS } from "./mark-list.ts"
import type { Mark } from "./model.ts"

/** The controls of the filter. */
export class FilterBar {
  readonly #root: HTMLElement
  readonly #name: HTMLSelectElement
  readonly #text: HTMLInputElement
  readonly #onlyErrors: HTMLInputElement

  constructor(root: HTMLElement, onChange: () => void) {
    this.#root = root
    this.#name = find(root, "select", HTMLSelectElement)
    this.#text = find(root, 'input[type="search"]', HTMLInputElement)
    this.#onlyErrors = find(root, 'input[type="checkbox"]', HTMLInputElement)
    for (const control of [this.#name, this.#text, this.#onlyErrors]) control.addEventListener("input", onChange)
  }

  passes(mark: Mark): boolean {
    return passes({ name: this.#name.value, text: this.#text.value, onlyErrors: this.#onlyErrors.checked }, mark)
  }

  /** Sets the names that can be chosen; the chosen one stays if it is among them. */
  setNames(marks: readonly Mark[]): void {
    const names = namesOf(marks)
    const options = [...this.#name.options].slice(1).map(({ value }) => value)
    if (names.join("\n") === options.join("\n")) return
    const { value } = this.#name
    this.#name.replaceChildren(this.#name.options[0]!, ...names.map((name) => new Option(name, name)))
    this.#name.value = names.includes(value) ? value : ""
  }

  setCount(count: number): void {
    const text = count > MAX_ROWS ? `the first ${MAX_ROWS} of ${count}` : `${count} shown`
    find(this.#root, ".count").textContent = text
  }
}
