import { checkNumber, checkOptions, type OptionKinds, SIGNAL } from "../../internal/option-checks.ts"
import type { ChannelRequest } from "../../session/index.ts"
import { cursorOfUrl } from "../delivery/client-cursor.ts"
import type { ConnectOptions } from "./channel-options.ts"

/** The most channels of one connection: more would make every ID longer than a header may be. */
const MAX_NAMES = 64

const KINDS: OptionKinds<ConnectOptions> = {
  filter: "a function",
  since: true,
  onGap: '"replay", "live" or "refuse"',
  slow: '"catch-up", "disconnect" or an object',
  onOpen: "a function",
  headers: true,
  signal: SIGNAL,
}

/**
 * Reads a request for channels.
 *
 * @param cursor - The cursor of the header, `""` if there is none.
 * @throws TypeError, RangeError if a name or an option is not valid.
 */
export function readRequest(
  cursor: string,
  url: string | undefined,
  names: string | readonly string[],
  options: ConnectOptions,
): ChannelRequest {
  checkOptions(options, KINDS)
  const { since, slow } = options
  if (typeof since === "number") checkNumber("since", since)
  checkOptions({ since }, { since: '"live", "start" or a number' })
  if (typeof slow === "object") {
    checkOptions(slow, { coalesce: "a function" })
    if (!slow.coalesce) throw new TypeError('Cannot use options: "slow.coalesce" must be a function, not undefined')
  }
  return { names: namesOf(names), cursor: cursor || cursorOfUrl(url) }
}

/** @throws TypeError if `name` is not a name, or is that of a log of answers, which the same store may have. */
export function checkName(name: unknown): asserts name is string {
  if (typeof name !== "string" || name === "") {
    throw new TypeError("Cannot use channel: its name must be a string that is not empty")
  }
  if (/^(?:answer|readers):/.test(name)) {
    throw new TypeError(
      'Cannot use channel: its name must not begin with "answer:" or "readers:", as logs of answers do',
    )
  }
}

/** @throws TypeError if these are not 1 to 64 names. */
export function namesOf(given: string | readonly string[]): readonly string[] {
  if (typeof given !== "string" && !Array.isArray(given)) {
    throw new TypeError(`Cannot connect: the channels must be a name or an array of names, not ${typeof given}`)
  }
  const names = typeof given === "string" ? [given] : [...new Set(given as string[])]
  for (const name of names) checkName(name)
  if (names.length > 0 && names.length <= MAX_NAMES) return names
  throw new TypeError(`Cannot connect: there must be 1 to ${MAX_NAMES} channels, not ${names.length}`)
}
