import type { Clock } from "../../internal/clock.ts"
import { systemClock } from "../../internal/clock.ts"
import { checkNumber, checkOptions, CLOCK, type OptionKinds } from "../../internal/option-checks.ts"
import { type Exchange, exchangesOf } from "./exchange.ts"
import type { Recording } from "./recording.ts"
import { endOf, replayBody, waitFor } from "./replay-body.ts"

/** Options of {@link replay}. */
export interface ReplayOptions {
  /**
   * How many times as fast as recorded: 1 keeps the times, 10 is ten times as fast, Infinity waits for nothing.
   * @defaultValue `1`
   */
  readonly speed?: number | undefined
  /** The clock of the times. */
  readonly clock?: Clock | undefined
}

const KINDS: OptionKinds<ReplayOptions> = { speed: true, clock: CLOCK }

/** A recording that answers requests. */
export interface Replay {
  /**
   * Answers the n-th request with the n-th response of the recording, and every further request with the last one. It
   * rejects if that request failed in the recording.
   */
  readonly fetch: typeof globalThis.fetch
  /**
   * Returns one response of the recording, for test tools that take a `Response`.
   *
   * @param request - The number of its request, from 0.
   * @throws RangeError if the recording has no such response.
   */
  response(request?: number): Response
}

/**
 * Makes responses from a recording, chunk for chunk as they were recorded. A body that broke breaks again; one whose reader
 * stopped it stays open after its last chunk until it is cancelled.
 *
 * @throws TypeError, RangeError if the recording has no request or response, or an option is not valid.
 * @see {@link record}
 * @example
 * ```ts
 * import { subscribe } from "steadystream/client"
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
  const speed = checkNumber("speed", options.speed ?? 1, Number.MIN_VALUE)
  const exchanges = exchangesOf(recording)
  if (exchanges.length === 0) throw new TypeError("Cannot replay: the recording must have a request or a response")
  const pace = { clock, speed }
  let count = 0
  return {
    fetch: async (input, init) => {
      const signal = init?.signal ?? (typeof input === "object" && "signal" in input ? input.signal : undefined)
      signal?.throwIfAborted()
      const exchange = exchanges[Math.min(count++, exchanges.length - 1)]!
      const { response, start } = exchange
      await waitFor(pace, response?.at ?? endOf(exchange), start, signal ?? undefined)
      if (response === undefined) throw failureOf(exchange)
      return responseOf(exchange, pace, signal ?? undefined)
    },
    response: (request = 0) => {
      const exchange = exchanges.find(({ number }) => number === request)
      if (exchange?.response === undefined) throw new RangeError(`Cannot replay: there is no response ${request}`)
      return responseOf(exchange, pace, undefined)
    },
  }
}

function responseOf(exchange: Exchange, pace: { clock: Clock; speed: number }, signal?: AbortSignal): Response {
  const { status, headers } = exchange.response!
  const isBodiless = [101, 204, 205, 304].includes(status)
  return new Response(isBodiless ? null : replayBody(exchange, pace, signal), { status, headers })
}

/** The error of a request that got no response. */
function failureOf({ end }: Exchange): Error {
  const code = end?.type === "error" ? end.code : undefined
  return Object.assign(
    new TypeError("fetch failed"),
    code !== undefined && { cause: Object.assign(new Error(code), { code }) },
  )
}
