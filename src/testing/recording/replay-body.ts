/* The body of a replayed response: chunk for chunk, at the recorded times or faster. */
import { onAbort, reasonOf } from "../../internal/abort-listener.ts"
import { ignore } from "../../internal/cancel.ts"
import { type Clock, MAX_TIMER_MS } from "../../internal/clock.ts"
import type { Exchange } from "./exchange.ts"

/** How fast a recording is replayed. */
export interface Pace {
  readonly clock: Clock
  readonly speed: number
}

/** @throws RangeError if the option is no number above 0. */
export function checkSpeed(speed: number = 1): number {
  if (typeof speed === "number" && speed > 0) return speed
  throw new RangeError('Cannot use options: "speed" must be a number above 0')
}

/**
 * Waits as long as the recording did, in its milliseconds; without end if `ms` is Infinity. Returns `undefined` if there is
 * nothing to wait for.
 *
 * @throws The reason of the signal (by rejecting) when it aborts.
 */
export function waitFor({ clock, speed }: Pace, ms: number, signal?: AbortSignal): Promise<void> | undefined {
  const isEndless = ms === Infinity
  if (!isEndless && !(ms / speed > 0)) return undefined
  return new Promise((resolve, reject) => {
    let forget = ignore
    let left = ms / speed
    let timer: unknown
    const wait = () => {
      const step = Math.min(left, MAX_TIMER_MS)
      left -= step
      timer = clock.setTimeout(left > 0 ? wait : run, step)
    }
    const run = () => {
      forget()
      resolve()
    }
    if (!isEndless) wait()
    if (signal === undefined) return
    forget = onAbort(signal, () => {
      if (!isEndless) clock.clearTimeout(timer)
      reject(reasonOf(signal))
    })
  })
}

/**
 * Returns the body of a response. Its times count from now, so that a slow reader does not move the chunks, as on a
 * connection.
 *
 * @param signal - The signal of the request; it must not have aborted.
 */
export function replayBody(
  exchange: Exchange,
  pace: Pace,
  signal?: AbortSignal,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const { response, chunks } = exchange
  const stop = new AbortController()
  let forget = ignore
  let next = 0
  const begun = pace.clock.now()
  const sinceHead = () => (pace.speed === Infinity ? 0 : (pace.clock.now() - begun) * pace.speed)
  return new ReadableStream(
    {
      start(controller) {
        if (signal === undefined) return
        forget = onAbort(signal, () => {
          controller.error(reasonOf(signal))
          stop.abort()
        })
      },
      pull(controller) {
        const chunk = chunks[next++]
        const put = () => {
          if (chunk !== undefined) return controller.enqueue(new Uint8Array(chunk.bytes))
          forget()
          if (exchange.end?.type === "end") controller.close()
          else controller.error(failureOf(exchange, "terminated"))
        }
        const at = chunk?.at ?? endOf(exchange)
        // A rejection says that the stream is over: its reader has left, or the request was aborted.
        return waitFor(pace, at - response!.at - sinceHead(), stop.signal)?.then(put, ignore) ?? put()
      },
      cancel() {
        forget()
        stop.abort()
      },
    },
    { highWaterMark: 0 },
  )
}

/** When a request ends: never, if its reader stopped it, or if the recording stopped before. */
export function endOf({ end }: Exchange): number {
  const isStopped = end?.type === "cancel" || (end?.type === "error" && end.name === "AbortError")
  return end === undefined || isStopped ? Infinity : end.at
}

/** The error of a request that failed, or of a body that broke, as `fetch` of Node reports it. */
export function failureOf({ end }: Exchange, message: string): Error {
  const { name, code } = end?.type === "error" ? end : ({} as { readonly name?: string; readonly code?: string })
  const error = new TypeError(message)
  if (name !== undefined) error.name = name
  return code === undefined ? error : Object.assign(error, { cause: Object.assign(new Error(code), { code }) })
}
