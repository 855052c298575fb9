/* Law: all that the client knows of a page. Everything is looked up when asked for, and may be missing. */

interface EventSink {
  addEventListener(type: string, run: () => void): void
  removeEventListener(type: string, run: () => void): void
}

interface Surroundings extends Partial<EventSink> {
  document?: Partial<EventSink> & { readonly visibilityState?: string; readonly baseURI?: string }
  navigator?: { readonly onLine?: boolean }
  location?: { readonly href?: string }
}

const surroundings = (): Surroundings => globalThis

/** What relative URLs are resolved against, `undefined` where there is nothing. */
export function baseUrl(): string | undefined {
  const { document, location } = surroundings()
  return document?.baseURI ?? location?.href
}

/** Whether nobody can see the page; never where there is none. */
export function isHidden(): boolean {
  return surroundings().document?.visibilityState === "hidden"
}

/** Whether the platform is sure that there is no network. */
export function isOffline(): boolean {
  return surroundings().navigator?.onLine === false
}

/**
 * Calls `onHide` when the page is hidden or put away, `onShow` when it is seen again.
 *
 * @returns What stops watching.
 */
export function watchVisibility(onHide: () => void, onShow: () => void): () => void {
  const onChange = () => (isHidden() ? onHide() : onShow())
  return joined(
    listen(surroundings().document, "visibilitychange", onChange),
    listen(surroundings(), "pagehide", onHide),
    listen(surroundings(), "pageshow", onChange),
  )
}

/**
 * Calls `onOnline` when the network comes back.
 *
 * @returns What stops watching.
 */
export function watchOnline(onOnline: () => void): () => void {
  return listen(surroundings(), "online", onOnline)
}

function listen(target: Partial<EventSink> | undefined, type: string, run: () => void): () => void {
  if (typeof target?.addEventListener !== "function") return () => {}
  target.addEventListener(type, run)
  return () => target.removeEventListener?.(type, run)
}

function joined(...stops: readonly (() => void)[]): () => void {
  return () => {
    for (const stop of stops) stop()
  }
}
