/** How many IDs are remembered. */
const MAX_IDS = 1_024

/** The longest ID that is remembered, in characters: what a peer can make us keep is bounded. */
const MAX_ID_LENGTH = 4_096

/** The IDs of the last events, to tell an event that came before from a new one. */
export class SeenIds {
  readonly #ids: Set<string> = new Set()

  has(id: string): boolean {
    return this.#ids.has(id)
  }

  /** @returns Whether `id` is new; an ID that is too long to remember never is. */
  add(id: string): boolean {
    if (id.length > MAX_ID_LENGTH || this.#ids.has(id)) return false
    this.#ids.add(id)
    if (this.#ids.size > MAX_IDS) this.#ids.delete(this.#ids.values().next().value!)
    return true
  }
}
