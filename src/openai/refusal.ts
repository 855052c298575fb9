/* Law: what is to be learnt from a response that was refused: the provider's error, and how long to wait. */
import type { SseResponseError } from "../errors.ts"
import type { Clock } from "../internal/clock.ts"
import { responseError, type ChunkSource as Body } from "../parser/index.ts"
import { errorInBody } from "./stray-text.ts"

// How long the body of a refused response is waited for, in milliseconds: it is a courtesy, the status says enough.
const BODY_WAIT = 2_000

/** A body whose one read rejects, for a response with a status that is not 2xx. */
export function refusedBody(response: Response, clock: Clock): Body {
  const stop = new AbortController()
  return {
    read: async () => {
      const timer = clock.setTimeout(() => stop.abort(), BODY_WAIT)
      const reason = `the status must be 2xx, not ${response.status}`
      const error = await responseError("response", reason, response, stop.signal)
      clock.clearTimeout(timer)
      describe(error)
      throw error
    },
    cancel: (reason) => stop.abort(reason),
  }
}

function describe(error: SseResponseError): void {
  Object.defineProperties(error, {
    error: { value: errorInBody(error.body) },
    retryAfter: { value: retryAfterOf(error.headers), enumerable: true },
    // Unlike a subscription, an answer that conflicts with another one may well succeed when it is asked for again.
    retryable: { value: error.retryable || error.status === 409, configurable: true },
  })
}

/** How long the headers ask to wait, in milliseconds; `null` where they do not, or not in a way that makes sense. */
function retryAfterOf(headers: Headers): number | null {
  const ms = Number(headers.get("retry-after-ms") ?? Number.NaN)
  if (ms >= 0) return ms
  const value = headers.get("retry-after")?.trim() ?? ""
  if (/^\d{1,9}(\.\d+)?$/.test(value)) return Number(value) * 1000
  // A date is taken against the server's own clock, since ours need not agree with it.
  const wait = Date.parse(value) - Date.parse(headers.get("date") ?? "")
  return Number.isNaN(wait) ? null : Math.max(0, wait)
}
