/*
 * What is known of the server's clock: its difference to the local clock lies between two bounds, and each reply may narrow
 * them. If a reply does not fit, one of the clocks was set, and the bounds begin anew.
 */
export class ServerTime {
  #least = -Infinity
  #most = Infinity

  /** Learns from a reply with the time of the server. */
  learn(server: number, sent: number, received: number): void {
    const least = server - received
    // The server rounds its time down to a millisecond.
    const most = server + 1 - sent
    if (!(least <= most)) return
    const isFit = least <= this.#most && most >= this.#least
    this.#least = isFit ? Math.max(least, this.#least) : least
    this.#most = isFit ? Math.min(most, this.#most) : most
  }

  /** The latest time that the server's clock can show at a local time, as text; `""` while it is unknown. */
  at(local: number): string {
    return Number.isFinite(this.#most + local) ? String(Math.ceil(local + this.#most)) : ""
  }
}
