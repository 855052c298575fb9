import { onAbort } from "../../internal/abort-listener.ts"
import { ignore } from "../../internal/cancel.ts"
import { type Clock, MAX_TIMER_MS } from "../../internal/clock.ts"
import type { Exchange } from "./exchange.ts"

/** How fast a recording is replayed. */
export interface Pace {
  readonly clock: Clock
  readonly speed: number
}

/**
 * Waits as long as the recording did.
 *
 * @throws The reason of the signal when it aborts.
 */
export function waitFor({ clock, speed }: Pace, at: number, from: number, signal?: AbortSignal): Promise<void> {
  const ms = at === Infinity ? MAX_TIMER_MS : (at - from) / speed
  if (!(ms > 0)) return Promise.resolve()
  return new Promise((resolve, reject) => {
    let forget = ignore
    const timer = clock.setTimeout(
      () => {
        forget()
        resolve()
      },
      Math.min(ms, MAX_TIMER_MS),
    )
    if (signal === undefined) return
    forget = onAbort(signal, () => {
      clock.clearTimeout(timer)
      reject(signal.reason as Error)
    })
  })
}

/** Returns the body of a response, chunk for chunk. */
export function replayBody(
  exchange: Exchange,
  pace: Pace,
  signal?: AbortSignal,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const { response, chunks, end } = exchange
  const stop = new AbortController()
  const forget = signal === undefined ? ignore : onAbort(signal, () => stop.abort(signal.reason))
  // Times count from the first read, as the clock of a slow reader does not move the chunks together.
  const begun = pace.clock.now()
  const from = response!.at
  let next = 0
  const elapsed = (): number => from + (pace.clock.now() - begun) * pace.speed
  return new ReadableStream(
    {
      async pull(controller) {
        const chunk = chunks[next++]
        try {
          await waitFor(pace, chunk?.at ?? endOf(exchange), elapsed(), stop.signal)
        } catch (error) {
          controller.error(error)
          return
        }
        if (chunk !== undefined) return controller.enqueue(new Uint8Array(chunk.bytes))
        forget()
        if (end?.type === "end") controller.close()
        else controller.error(brokenBody(end?.type === "error" ? end.code : undefined))
      },
      cancel() {
        forget()
        stop.abort()
      },
    },
    { highWaterMark: 0 },
  )
}

/** When the body ends: never, if its reader stopped it in the recording. */
export function endOf({ end }: Exchange): number {
  const isStopped = end?.type === "cancel" || (end?.type === "error" && end.name === "AbortError")
  return end === undefined || isStopped ? Infinity : end.at
}

/** The error of a connection that breaks, as `fetch` of Node reports it. */
function brokenBody(code: string | undefined): TypeError {
  const error = new TypeError("terminated")
  return code === undefined ? error : Object.assign(error, { cause: Object.assign(new Error(code), { code }) })
}
