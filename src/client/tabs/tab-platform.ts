/* All that a shared subscription knows of its tab: locks, messages between tabs, and the events of a page that stops. */

import { callHook, firstErrorReporter } from "../../internal/hook.ts"
import type { Settings } from "../../reconnection/index.ts"

/** A lock manager, as `navigator.locks` is. */
export interface TabLocks {
  request(
    name: string,
    options: { readonly ifAvailable?: boolean; readonly steal?: boolean; readonly signal?: AbortSignal },
    run: (lock: unknown) => unknown,
  ): Promise<unknown>
}

/** A channel to the other tabs of the origin. */
export interface TabChannel {
  post(message: unknown): void
  /** Nothing is received afterwards; messages that were posted are still delivered. */
  close(): void
}

export interface TabPlatform {
  readonly locks: TabLocks
  /** @param onMessage - Called with each message of another tab. */
  openChannel(name: string, onMessage: (message: unknown) => void): TabChannel
  /** Calls `onSuspend` when the page is about to be frozen or kept in the back/forward cache, `onResume` when it is back. */
  watchPage(onSuspend: () => void, onResume: () => void, signal: AbortSignal): void
  /** Milliseconds of a clock that all tabs share. */
  sharedTime(): number
  /** A name for this tab that no other has. */
  newId(): string
}

/**
 * Opens a channel, or returns `undefined` if the platform refuses it, as it may refuse locks. `post` never throws, and only
 * its first error is reported: a tab that misses a message asks for it, or fails by itself.
 */
export function openChannel(
  platform: TabPlatform,
  name: string,
  onMessage: (message: unknown) => void,
  onError: Settings["report"],
): TabChannel | undefined {
  try {
    const channel = platform.openChannel(name, onMessage)
    const report = firstErrorReporter(onError)
    return {
      post: (message) => callHook(() => channel.post(message), undefined, report),
      close: () => channel.close(),
    }
  } catch {
    return undefined
  }
}

interface PageEventTarget {
  addEventListener?(type: string, run: () => void, options: { readonly signal: AbortSignal }): void
}

interface TabGlobals extends PageEventTarget {
  readonly navigator?: { readonly locks?: TabLocks }
  readonly BroadcastChannel?: typeof BroadcastChannel
  readonly document?: PageEventTarget
}

/** The platform's own; `undefined` if it has no locks or no channels, as in a page that is not secure. */
export function tabPlatform(): TabPlatform | undefined {
  const { navigator, BroadcastChannel: Channel, document } = globalThis as TabGlobals
  const locks = navigator?.locks
  if (typeof locks?.request !== "function" || Channel === undefined) return undefined
  return {
    locks,
    openChannel(name, onMessage) {
      const channel = new Channel(name)
      channel.addEventListener("message", ({ data }) => onMessage(data))
      // eslint-disable-next-line unicorn/require-post-message-target-origin -- why: a channel has no such argument
      return { post: (message) => channel.postMessage(message), close: () => channel.close() }
    },
    watchPage(onSuspend, onResume, signal) {
      const page = globalThis as TabGlobals
      page.addEventListener?.("pagehide", onSuspend, { signal })
      page.addEventListener?.("pageshow", onResume, { signal })
      document?.addEventListener?.("freeze", onSuspend, { signal })
      document?.addEventListener?.("resume", onResume, { signal })
    },
    sharedTime: () => Date.now(),
    newId: () => crypto.randomUUID(),
  }
}
