/* Refuses names of options that neither a subscription nor `fetch` knows. */
import { checkNames } from "../internal/option-checks.ts"
import { check } from "./checks.ts"
import type { SubscribeOptions } from "./options.ts"
import { DEFAULT_RETRY } from "./retry.ts"
import { DEFAULTS, LIMITS, OWN_OPTIONS, REQUEST_DEFAULTS } from "./settings.ts"

/** The options of `fetch` that are no members of a Request, or that only one platform knows. */
const FETCH_OPTIONS = {
  priority: true,
  duplex: true,
  window: true,
  targetAddressSpace: true,
  dispatcher: true,
  client: true,
  cf: true,
  fetcher: true,
  encodeResponseBody: true,
  next: true,
  proxy: true,
  tls: true,
  unix: true,
  verbose: true,
  decompress: true,
  reactNative: true,
} as const

/** @throws TypeError if an option is neither of our own nor of `fetch`; a function of the caller may have others. */
export function checkOptionNames(options: Omit<SubscribeOptions, "events">): void {
  for (const [group, members] of Object.entries({
    retry: DEFAULT_RETRY,
    timeouts: DEFAULTS.timeouts,
    limits: LIMITS,
  })) {
    const name = Object.keys(members).find((member) => member in options)
    check(name === undefined, `"${name}" is unknown; did you mean "${group}.${name}"?`)
  }
  const known = { ...OWN_OPTIONS, ...FETCH_OPTIONS, ...REQUEST_DEFAULTS }
  checkNames("options", options, known, typeof options.fetch === "function")
}
