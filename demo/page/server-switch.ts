import { find, onAction } from "./dom.ts"

interface OutageState {
  readonly down: boolean
  readonly kind: "cut" | "503"
}

/** The switch that takes the stream server down and brings it back. */
export class ServerSwitch {
  readonly #button: HTMLButtonElement
  readonly #kind: HTMLSelectElement

  constructor(root: HTMLElement) {
    this.#button = onAction(root, "server", () => void this.#set(this.#isUp()))
    this.#kind = find(root, `[data-choice="kind"]`, HTMLSelectElement)
    this.#kind.addEventListener("change", () => void this.#set(!this.#isUp()))
  }

  /** Shows what the server is now. */
  async show(): Promise<void> {
    this.#render((await (await fetch("/api/outage")).json()) as OutageState)
  }

  async #set(down: boolean): Promise<void> {
    const body = JSON.stringify({ down, kind: this.#kind.value })
    const headers = { "content-type": "application/json" }
    this.#render((await (await fetch("/api/outage", { method: "POST", headers, body })).json()) as OutageState)
  }

  #isUp(): boolean {
    return this.#button.getAttribute("aria-checked") === "true"
  }

  #render({ down, kind }: OutageState): void {
    this.#button.setAttribute("aria-checked", String(!down))
    this.#kind.value = kind
  }
}
