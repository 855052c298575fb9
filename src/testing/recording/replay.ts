import { reasonOf } from "../../internal/abort-listener.ts"
import { type Clock, systemClock } from "../../internal/clock.ts"
import { checkOptions, CLOCK, type OptionKinds } from "../../internal/option-checks.ts"
import { type Exchange, exchangesOf, headersToSend } from "./exchange.ts"
import type { Recording } from "./recording.ts"
import { checkSpeed, endOf, failureOf, type Pace, replayBody, waitFor } from "./replay-body.ts"

/** Options of {@link replay}. */
export interface ReplayOptions {
  /**
   * How many times as fast as recorded: 1 keeps the times, 10 is ten times as fast, Infinity waits for nothing.
   * @defaultValue `1`
   */
  readonly speed?: number | undefined
  /**
   * The clock of the times.
   * @defaultValue the platform's timers
   */
  readonly clock?: Clock | undefined
}

const KINDS: OptionKinds<ReplayOptions> = { speed: true, clock: CLOCK }

/** A recording that answers requests. */
export interface Replay {
  /**
   * Answers the n-th request with the n-th response of the recording, and every further request with the last one. It
   * rejects if that request failed in the recording, and stays open if its caller stopped it there. It follows redirects
   * to the next response, unless `redirect` forbids it.
   */
  readonly fetch: typeof globalThis.fetch
  /**
   * Returns one response of the recording, for test tools that send a `Response`. It has no headers of a connection, such as
   * `content-encoding` and `content-length`.
   *
   * @param request - The number of its request, from 0.
   * @defaultValue `0`
   * @throws RangeError if there is no such response, or if no Response can have its status.
   */
  response(request?: number): Response
}

/**
 * Replays a recording: chunk for chunk, at the recorded times or faster. The order alone decides which request gets which
 * response; the URL, the headers and the body of a request are not looked at.
 *
 * A body that its reader stopped, and one that the recording does not end, stay open.
 *
 * @throws TypeError if the recording has no request and no response; TypeError, RangeError if an option is not valid.
 * @see {@link record}, {@link startReplayServer}
 * @example
 * ```ts
 * import { record, replay, scriptedFetch } from "steadystream/testing"
 *
 * const recorder = record()
 * const fetch = recorder.fetch(scriptedFetch([{ chunks: ["data: a\n\n", "data: b\n\n"] }]))
 * await (await fetch("https://example.com/")).text()
 * const again = replay(recorder.recording, { speed: Infinity })
 * console.log(await again.response().text()) // the same two events
 * ```
 */
export function replay(recording: Recording, options: ReplayOptions = {}): Replay {
  checkOptions(options, KINDS)
  const { clock = systemClock } = options
  const pace: Pace = { clock, speed: checkSpeed(options.speed) }
  const exchanges = exchangesOf(recording)
  if (exchanges.length === 0) throw new TypeError("Cannot replay: the recording must have a request or a response")
  let count = 0
  const next = () => exchanges[Math.min(count++, exchanges.length - 1)]!
  return {
    fetch: async (input, init) => {
      const { signal, redirect } = { ...membersOf(input), ...init }
      for (;;) {
        const response = await answer(next(), pace, signal ?? undefined)
        const isRedirect = [301, 302, 303, 307, 308].includes(response.status) && response.headers.has("location")
        if (!isRedirect || redirect === "manual") return response
        if (redirect === "error" || count >= exchanges.length) throw new TypeError("fetch failed")
      }
    },
    response: (request = 0) => {
      const exchange = exchanges.find(({ number }) => number === request)
      if (exchange?.response === undefined)
        throw new RangeError(`Cannot replay: the recording must have a response ${request}`)
      return responseOf(exchange, headersToSend(exchange.response.headers), pace)
    },
  }
}

function membersOf(input: RequestInfo | URL): Pick<RequestInit, "signal" | "redirect"> {
  if (typeof input !== "object" || !("method" in input)) return {}
  return { signal: input.signal, redirect: input.redirect }
}

async function answer(exchange: Exchange, pace: Pace, signal: AbortSignal | undefined): Promise<Response> {
  const { response, start } = exchange
  const check = () => {
    if (signal?.aborted === true) throw reasonOf(signal)
  }
  check()
  await waitFor(pace, (response?.at ?? endOf(exchange)) - start, signal)
  check()
  if (response === undefined) throw failureOf(exchange, "fetch failed")
  return responseOf(exchange, response.headers, pace, signal)
}

function responseOf(
  exchange: Exchange,
  headers: Readonly<Record<string, string>>,
  pace: Pace,
  signal?: AbortSignal,
): Response {
  const { status } = exchange.response!
  if (status > 0 && (status < 200 || status > 599)) {
    throw new RangeError(`Cannot replay: the status of a Response must be from 200 to 599, not ${status}`)
  }
  // A browser hides some responses, such as redirects, and reports the status 0.
  if (status === 0) return Response.error()
  const isBodiless = [204, 205, 304].includes(status) || exchange.request?.method === "HEAD"
  return new Response(isBodiless ? null : replayBody(exchange, pace, signal), { status, headers })
}
