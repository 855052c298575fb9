/* Law: whether the page lets the loop work. Both options are off by default: a hidden page is as good as any other. */
import { isHidden, isOffline, watchOnline, watchVisibility } from "./page.ts"

export class PagePause {
  readonly #pauseWhenHidden: boolean
  readonly #waitForOnline: boolean
  readonly #onPause: () => void
  readonly #stops: (() => void)[] = []
  #isAway = false
  #wake: (() => void) | undefined = undefined

  /** @param onPause - Called when the page is hidden. */
  constructor(options: { pauseWhenHidden: boolean; waitForOnline: boolean }, onPause: () => void) {
    this.#pauseWhenHidden = options.pauseWhenHidden
    this.#waitForOnline = options.waitForOnline
    this.#onPause = onPause
  }

  /** Begins to watch the page. */
  watch(): void {
    const wake = () => this.#wake?.()
    if (this.#waitForOnline) this.#stops.push(watchOnline(wake))
    if (!this.#pauseWhenHidden) return
    this.#isAway = isHidden()
    const onHide = () => {
      this.#isAway = true
      this.#onPause()
    }
    const onShow = () => {
      this.#isAway = false
      wake()
    }
    this.#stops.push(watchVisibility(onHide, onShow))
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop()
  }

  /** Whether an attempt must wait. */
  get isPaused(): boolean {
    return this.#isAway || (this.#waitForOnline && isOffline())
  }

  /** Settles when something may have changed: the page is shown, or the network is back. */
  change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}
