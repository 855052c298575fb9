import type { DecodedEvent, EventDecoder } from "../contract/index.ts"
import type { SseEvent } from "../event.ts"
import { checkOptionNames, settingsOf, type SubscribeOptions } from "../reconnection/index.ts"
import { createSubscription, type Subscription } from "./subscription.ts"
import { shareSettingsOf, type TabOptions, type TabRole } from "./tabs/share-settings.ts"
import { SharedLoop } from "./tabs/shared-loop.ts"
import { type TabPlatform, tabPlatform } from "./tabs/tab-platform.ts"

/** Options of {@link shareAcrossTabs}. The options of the leading tab make the connection; each tab has its own hooks. */
export interface ShareOptions<Event extends SseEvent<string, unknown> = SseEvent>
  extends Omit<SubscribeOptions<Event>, "pauseWhenHidden">, TabOptions {}

/** A subscription to a stream that several tabs share. */
export interface SharedSubscription<Event extends SseEvent<string, unknown> = SseEvent> extends Subscription<Event> {
  /** What this tab does for the others. */
  readonly role: TabRole
}

/**
 * Subscribes to an event stream with one connection for all tabs of an origin: the leading tab connects, and the others
 * get each event from it. It is used as {@link subscribe} is, and each tab has its own loop, cursor and `close()`.
 *
 * If the leading tab is closed, crashes, is frozen or goes into the back/forward cache, another one connects from the last
 * event ID on: no tab that stays misses an event or gets it twice, if the events have IDs. The end of the stream and its
 * failure reach every tab. A tab whose loop is slow does not slow the others; it can be `4 * limits.maxQueuedEvents` events
 * behind, then `onGap` is called, or without `onGap` the loop fails.
 *
 * Without Web Locks or BroadcastChannel, as in a page that is not secure, the tab connects by itself: see `role`.
 *
 * @throws TypeError, RangeError at the call, if the URL or an option is not valid; TypeError also if the request is not
 * one that is repeated.
 * @throws TypeError from `next()`, if another tab uses the same key for another URL.
 * @throws {@link SseTruncatedError} from `next()`, if this tab was too slow or was stopped for too long, and there is no
 * `onGap`.
 * @throws the errors of {@link subscribe} from `next()`, in every tab.
 * @see https://www.w3.org/TR/web-locks/
 * @example
 * ```ts
 * import { shareAcrossTabs } from "steadystream/client"
 *
 * const news = shareAcrossTabs("https://example.com/stream", { key: "news", recent: 20, until: "[DONE]" })
 * for await (const event of news) console.log(news.role, event.data)
 * ```
 */
export function shareAcrossTabs<Contract extends EventDecoder<SseEvent<string, unknown>> | undefined = undefined>(
  url: string | URL,
  options: ShareOptions<DecodedEvent<Contract>> & { readonly events?: Contract },
): SharedSubscription<DecodedEvent<Contract>> {
  return shareOn(tabPlatform(), url, options)
}

/** @internal Does the same on any platform; on none, the tab is alone. */
export function shareOn<Contract extends EventDecoder<SseEvent<string, unknown>> | undefined = undefined>(
  platform: TabPlatform | undefined,
  url: string | URL,
  options: ShareOptions<DecodedEvent<Contract>> & { readonly events?: Contract },
): SharedSubscription<DecodedEvent<Contract>> {
  // JavaScript may leave the options out. The key is missed below.
  const given = (options as typeof options | undefined) ?? ({} as typeof options)
  const { key, recent, leaderTimeout, onRoleChange } = given
  const taken = { key: undefined, recent: undefined, leaderTimeout: undefined, onRoleChange: undefined }
  // Inherited options count as well.
  const others = Object.setPrototypeOf({ ...given, ...taken }, Object(given) as object) as SubscribeOptions
  checkOptionNames(others)
  const settings = settingsOf(url, others)
  const share = shareSettingsOf({ key, recent, leaderTimeout, onRoleChange }, settings)
  let loop!: SharedLoop
  const subscription = createSubscription(
    settings,
    given.events,
    (queue, onStateChange) => (loop = new SharedLoop(settings, queue, onStateChange, share, platform)),
  )
  return Object.defineProperty(subscription, "role", {
    get: () => loop.role,
    enumerable: true,
  }) as SharedSubscription<DecodedEvent<Contract>>
}
