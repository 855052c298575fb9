/*
 * All that a subscription knows of the page it runs in. Every global is looked up when it is needed and may be missing.
 * Both options are off by default: a hidden page may have good reasons to go on.
 */
import { ignore } from "../internal/cancel.ts"
import type { SubscribeOptions } from "./options.ts"

interface PageEventTarget {
  addEventListener?(
    type: string,
    run: (event: { readonly type: string }) => void,
    options: { readonly signal: AbortSignal },
  ): void
}

interface PageGlobals extends PageEventTarget {
  readonly document?: PageEventTarget & { readonly visibilityState?: string; readonly baseURI?: string }
  readonly navigator?: { readonly onLine?: boolean }
  readonly location?: { readonly href?: string }
}

const pageGlobals = (): PageGlobals => globalThis

/** The URL that relative URLs are resolved against, `undefined` outside of a page. */
export function baseUrl(): string | undefined {
  const { document, location } = pageGlobals()
  return document?.baseURI ?? location?.href
}

function isHidden(): boolean {
  return pageGlobals().document?.visibilityState === "hidden"
}

export class PageWatch {
  readonly #waitsForOnline: boolean
  #isAway: boolean
  #wake: (type: string) => void = ignore

  /**
   * @param signal - Ends the watch.
   * @param onPause - Called when the page is hidden or put into the back/forward cache.
   */
  constructor(
    { pauseWhenHidden = false, waitForOnline = false }: Pick<SubscribeOptions, "pauseWhenHidden" | "waitForOnline">,
    signal: AbortSignal,
    onPause: () => void,
  ) {
    this.#waitsForOnline = waitForOnline
    this.#isAway = pauseWhenHidden && isHidden()
    const page = pageGlobals()
    const onChange = ({ type }: { readonly type: string }) => {
      if (type !== "online") this.#isAway = type === "pagehide" || isHidden()
      if (this.#isAway) onPause()
      else this.#wake(type)
    }
    const listen = (target: PageEventTarget | undefined, type: string) =>
      target?.addEventListener?.(type, onChange, { signal })
    if (waitForOnline) listen(page, "online")
    if (pauseWhenHidden) {
      listen(page.document, "visibilitychange")
      listen(page, "pagehide")
      listen(page, "pageshow")
    }
  }

  /** Whether an attempt must wait. */
  get isPaused(): boolean {
    return this.#isAway || (this.#waitsForOnline && pageGlobals().navigator?.onLine === false)
  }

  /** Fulfils at the next event that may end a pause, or only at the one of that type. */
  change(only?: string): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = (type) => {
        if (only === undefined || type === only) resolve()
      }
    })
  }
}
