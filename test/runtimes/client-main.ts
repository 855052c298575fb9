/* Run by each runtime with the address of a fault server; says in JSON what came of each subscription. */
import { SseError } from "steadystream"
import { subscribe, type SubscribeOptions } from "steadystream/client"

declare const SERVER: string

const retry = { initialDelay: 0, jitter: false }

async function told(path: string, options: SubscribeOptions = {}): Promise<unknown[]> {
  const data: string[] = []
  const outcome = await subscribe(`${SERVER}${path}`, { retry, ...options })
    .listen({ onEvent: (event) => data.push(event.data) })
    .then(
      () => "done",
      (error: unknown) => (SseError.is(error) ? error.code : String(error)),
    )
  return [outcome, ...data]
}

const results = {
  stream: await told("stream"),
  redirected: await told("redirect"),
  away: await told("away", { headers: { "x-api-key": "1" } }),
  loop: await told("loop", { retry: { ...retry, maxRetries: 0 } }),
  missing: await told("missing"),
  // Not its event: Bun drops what has come when the connection breaks.
  cut: await told("cut", { retry: false }).then(([outcome]) => outcome),
  stalled: await told("stall", { retry: false, timeouts: { idle: 50 } }),
  aborted: await told("stall", { signal: AbortSignal.timeout(50) }).then(([outcome]) => outcome),
}
console.log(JSON.stringify(results))
