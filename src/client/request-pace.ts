/* Law: at most 10 requests begin in any second, hops of redirects included, whatever the server and the policy say. */
const MAX_REQUESTS = 10
const SPAN = 1_000

export class RequestPace {
  readonly #times: number[] = []

  /** How many milliseconds after `now` the next request may begin. */
  delayAt(now: number): number {
    const first = this.#times.length < MAX_REQUESTS ? undefined : this.#times[0]
    return first === undefined ? 0 : Math.max(0, first + SPAN - now)
  }

  /** Takes down that a request begins. */
  begin(now: number): void {
    this.#times.push(now)
    if (this.#times.length > MAX_REQUESTS) this.#times.shift()
  }
}
