/*
 * Law: all that the client knows of a page, and whether that lets the loop work. Everything is looked up when asked for,
 * and may be missing. Both options are off by default: a hidden page is as good as any other.
 */
import { ignore } from "../internal/cancel.ts"
import type { SubscribeOptions } from "./options.ts"

interface PageEventTarget {
  addEventListener?(type: string, run: (event: { readonly type: string }) => void): void
  removeEventListener?(type: string, run: (event: { readonly type: string }) => void): void
}

interface Surroundings extends PageEventTarget {
  readonly document?: PageEventTarget & { readonly visibilityState?: string; readonly baseURI?: string }
  readonly navigator?: { readonly onLine?: boolean }
  readonly location?: { readonly href?: string }
}

const surroundings = (): Surroundings => globalThis

/** What relative URLs are resolved against, `undefined` where there is nothing. */
export function baseUrl(): string | undefined {
  const { document, location } = surroundings()
  return document?.baseURI ?? location?.href
}

/** A page that is watched. */
export interface PageWatch {
  /** Whether an attempt must wait. */
  readonly isPaused: () => boolean
  /** Settles when something may have changed: the page is shown, or the network is back; or only for the one. */
  readonly change: (only?: string) => Promise<void>
  readonly stop: () => void
}

/** @param onPause - Called when the page is hidden or put away. */
export function watchPage(
  { pauseWhenHidden = false, waitForOnline = false }: Pick<SubscribeOptions, "pauseWhenHidden" | "waitForOnline">,
  onPause: () => void,
): PageWatch {
  const { document } = surroundings()
  const isHidden = () => document?.visibilityState === "hidden"
  let isAway = pauseWhenHidden && isHidden()
  let wake: (type: string) => void = ignore
  const onChange = ({ type }: { readonly type: string }) => {
    if (type !== "online") isAway = type === "pagehide" || isHidden()
    if (isAway) onPause()
    else wake(type)
  }
  const watched: [PageEventTarget | undefined, string][] = []
  if (waitForOnline) watched.push([surroundings(), "online"])
  if (pauseWhenHidden) {
    watched.push([document, "visibilitychange"], [surroundings(), "pagehide"], [surroundings(), "pageshow"])
  }
  for (const [target, type] of watched) target?.addEventListener?.(type, onChange)
  return {
    isPaused: () => isAway || (waitForOnline && surroundings().navigator?.onLine === false),
    change: (only) =>
      new Promise((resolve) => {
        wake = (type) => {
          if (only === undefined || type === only) resolve()
        }
      }),
    stop() {
      for (const [target, type] of watched) target?.removeEventListener?.(type, onChange)
    },
  }
}
