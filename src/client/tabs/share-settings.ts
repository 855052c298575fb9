/* Checks the options of a shared subscription at the call. */
import { checkDuration, checkNumber, checkOptions } from "../../internal/option-checks.ts"
import type { Settings } from "../../reconnection/index.ts"

/**
 * What a tab does for the others: `"leading"` if it has the connection, `"following"` if it gets the events from another
 * tab or waits for it, and `"alone"` if the platform cannot share.
 */
export type TabRole = "leading" | "following" | "alone"

/** The options that only a shared subscription has. */
export interface TabOptions {
  /** The name of the stream: the tabs of one origin with the same key share one connection. It must have one URL. */
  readonly key: string
  /**
   * How many of the newest events a tab gets first if other tabs share the stream already. The leading tab keeps four
   * times `limits.maxQueuedEvents`, which is 1,024 by default.
   * @defaultValue `0`
   */
  readonly recent?: number | undefined
  /**
   * How long the leading tab may answer no message before another tab replaces it, in milliseconds. A tab that is closed,
   * crashes or is frozen is replaced at once if the browser reports it; this is for all other cases. 0 and Infinity turn it
   * off.
   * @defaultValue `5_000`
   */
  readonly leaderTimeout?: number | undefined
  /** Called after each change of `role`. */
  readonly onRoleChange?: ((role: TabRole) => void) | undefined
}

export interface ShareSettings {
  readonly key: string
  /** The absolute URL. */
  readonly url: string
  readonly recent: number
  /** In milliseconds. */
  readonly leaderTimeout: number
  readonly onRoleChange: ((role: TabRole) => void) | undefined
}

/** @throws TypeError, RangeError if an option is not valid, or if the request cannot be shared. */
export function shareSettingsOf(options: TabOptions, settings: Settings): ShareSettings {
  checkOptions(options, { key: "a string", recent: true, leaderTimeout: true, onRoleChange: "a function" })
  const { key, onRoleChange } = options
  const { target } = settings
  if (typeof target === "function" || target.request) throw refused("the target must be a URL")
  if (typeof key !== "string" || key === "") throw refused('"key" must be a string that is not empty')
  if (settings.pauseWhenHidden) throw refused('"pauseWhenHidden" must not be set, since other tabs need the connection')
  if (!settings.reconnects) throw refused('"retry" and "resume" must allow the next leader to repeat the request')
  return {
    key,
    url: target.url.href,
    recent: checkNumber("recent", options.recent ?? 0),
    leaderTimeout: checkDuration("leaderTimeout", options.leaderTimeout ?? 5_000),
    onRoleChange,
  }
}

function refused(rule: string): TypeError {
  return new TypeError(`Cannot share event stream: ${rule}`)
}
