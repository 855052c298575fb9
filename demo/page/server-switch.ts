import { find, onAction, setOutcome } from "./dom.ts"

interface OutageState {
  readonly down: boolean
  readonly kind: "cut" | "503"
}

/** The switch that takes the stream server down and brings it back. It follows changes that other tabs make. */
export class ServerSwitch {
  readonly #root: HTMLElement
  readonly #button: HTMLButtonElement
  readonly #kind: HTMLSelectElement
  /** Why a channel: an event stream in each tab would use one of the browser's six connections to this host. */
  readonly #tabs: BroadcastChannel = new BroadcastChannel("steadystream-demo-server")
  /** Increases when the user changes the server, and again when the server has answered. */
  #changes = 0

  constructor(root: HTMLElement) {
    this.#root = root
    this.#button = onAction(root, "server", () => void this.#set(this.#isUp()))
    this.#kind = find(root, `[data-choice="kind"]`, HTMLSelectElement)
    this.#kind.addEventListener("change", () => void this.#set(!this.#isUp()))
    this.#tabs.addEventListener("message", () => void this.refresh())
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) void this.refresh()
    })
  }

  /** Shows the current state of the server, unless the server does not answer or the user changes it meanwhile. */
  async refresh(): Promise<void> {
    const changes = this.#changes
    const state = await ask().catch(() => undefined)
    if (state !== undefined && changes === this.#changes) this.#show(state)
  }

  async #set(down: boolean): Promise<void> {
    this.#changes++
    try {
      this.#show(await ask({ down, kind: this.#kind.value }))
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a BroadcastChannel has no target
      this.#tabs.postMessage("changed")
    } catch {
      setOutcome(this.#root, "The demo’s server itself does not answer. Is npm start still running?", "bad")
    }
    this.#changes++
  }

  #show({ down, kind }: OutageState): void {
    this.#button.setAttribute("aria-checked", String(!down))
    this.#kind.value = kind
  }

  #isUp(): boolean {
    return this.#button.getAttribute("aria-checked") === "true"
  }
}

/** Returns the state of the server, after it has made the change. */
async function ask(change?: { readonly down: boolean; readonly kind: string }): Promise<OutageState> {
  const headers = { "content-type": "application/json" }
  const init = change === undefined ? {} : { method: "POST", headers, body: JSON.stringify(change) }
  return (await (await fetch("/api/outage", init)).json()) as OutageState
}
