/*
 * Law: first in, first out, each in constant time, and nothing that was taken is kept. Measured: `shift()` of an array
 * moves all that follows once there are tens of thousands; 200,000 took 30 s, and take 20 ms here.
 */
export class Fifo<Item> {
  #items: (Item | undefined)[] = []
  #taken = 0

  get size(): number {
    return this.#items.length - this.#taken
  }

  /** The item that `shift` would give. */
  get first(): Item | undefined {
    return this.#items[this.#taken]
  }

  push(item: Item): void {
    this.#items.push(item)
  }

  shift(): Item | undefined {
    const item = this.#items[this.#taken]
    this.#items[this.#taken] = undefined
    this.#taken++
    if (this.#taken >= this.#items.length) this.#clear()
    else if (this.#taken >= 1024 && this.#taken * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#taken)
      this.#taken = 0
    }
    return item
  }

  /** Takes all items. */
  takeAll(): Item[] {
    const items = this.#items.slice(this.#taken) as Item[]
    this.#clear()
    return items
  }

  #clear(): void {
    this.#items = []
    this.#taken = 0
  }
}
