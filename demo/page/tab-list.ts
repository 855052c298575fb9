import type { TabRole } from "steadystream/client"
import { setState, type ShownState } from "./dom.ts"

/** What a tab reports to the others. */
export interface TabState {
  readonly id: string
  /** When it joined, so that all tabs list each other in the same order. */
  readonly joined: number
  /** `undefined` when it has left. */
  readonly role: TabRole | undefined
  readonly events: number
}

/** A tab that has said nothing for this time is not listed. A browser may stop the timers of a hidden tab for a second. */
const FORGET_MS = 4_000

const SHOWN: Readonly<Record<TabRole, ShownState>> = { leading: "open", following: "connecting", alone: "waiting" }

/** The list of the tabs that share a stream, as each of them shows it. */
export class TabList {
  readonly #element: HTMLElement
  readonly #own: string
  readonly #tabs: Map<string, TabState & { readonly at: number }> = new Map()
  readonly #rows: Map<string, HTMLElement> = new Map()

  /** @param own - The ID of this tab. */
  constructor(element: HTMLElement, own: string) {
    this.#element = element
    this.#own = own
  }

  update(state: TabState): void {
    if (state.role === undefined) this.#tabs.delete(state.id)
    else this.#tabs.set(state.id, { ...state, at: performance.now() })
    this.#show()
  }

  clear(): void {
    this.#tabs.clear()
    this.#show()
  }

  #show(): void {
    const oldest = performance.now() - FORGET_MS
    for (const { id, at } of this.#tabs.values()) if (at < oldest) this.#tabs.delete(id)
    for (const [id, row] of this.#rows) {
      if (this.#tabs.has(id)) continue
      row.remove()
      this.#rows.delete(id)
    }
    const tabs = [...this.#tabs.values()].toSorted((one, two) => one.joined - two.joined)
    for (const [place, { id, role, events }] of tabs.entries()) {
      const row = this.#rows.get(id) ?? this.#addRow(id)
      const name = `Tab ${place + 1}${id === this.#own ? ", this one" : ""}`
      row.firstElementChild!.textContent = name
      row.children[1]!.textContent = `${events} ${events === 1 ? "event" : "events"}`
      setState(row, SHOWN[role!], role)
      this.#element.append(row)
    }
  }

  #addRow(id: string): HTMLElement {
    const row = document.createElement("li")
    const badge = document.createElement("span")
    badge.className = "badge"
    row.append(document.createElement("b"), document.createElement("small"), badge)
    this.#rows.set(id, row)
    return row
  }
}
