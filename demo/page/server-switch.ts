import { find, onAction, setOutcome } from "./dom.ts"

interface OutageState {
  readonly down: boolean
  readonly kind: "cut" | "503"
}

/** The switch that takes the stream server down and brings it back. */
export class ServerSwitch {
  readonly #root: HTMLElement
  readonly #button: HTMLButtonElement
  readonly #kind: HTMLSelectElement

  constructor(root: HTMLElement) {
    this.#root = root
    this.#button = onAction(root, "server", () => void this.#set(this.#isUp()))
    this.#kind = find(root, `[data-choice="kind"]`, HTMLSelectElement)
    this.#kind.addEventListener("change", () => void this.#set(!this.#isUp()))
  }

  /** Shows the current state of the server. */
  async show(): Promise<void> {
    await this.#ask()
  }

  async #set(down: boolean): Promise<void> {
    const body = JSON.stringify({ down, kind: this.#kind.value })
    const headers = { "content-type": "application/json" }
    await this.#ask({ method: "POST", headers, body })
  }

  async #ask(init: RequestInit = {}): Promise<void> {
    try {
      const { down, kind } = (await (await fetch("/api/outage", init)).json()) as OutageState
      this.#button.setAttribute("aria-checked", String(!down))
      this.#kind.value = kind
    } catch {
      setOutcome(this.#root, "The demo’s server itself does not answer. Is npm start still running?", "bad")
    }
  }

  #isUp(): boolean {
    return this.#button.getAttribute("aria-checked") === "true"
  }
}
