/* Each runtime runs this program with the address of a fault server. It prints each subscription's outcome as JSON. */
import { SseError } from "steadystream"
import { subscribe, type SubscribeOptions } from "steadystream/client"

declare const SERVER: string

const retry = { initialDelay: 0, jitter: false }

async function outcomeOf(path: string, options: SubscribeOptions = {}): Promise<unknown[]> {
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
  stream: await outcomeOf("stream"),
  redirected: await outcomeOf("redirect"),
  away: await outcomeOf("away", { headers: { "x-api-key": "1" } }),
  loop: await outcomeOf("loop", { retry: { ...retry, maxRetries: 0 } }),
  missing: await outcomeOf("missing"),
  // Without its event, because Bun drops received data when the connection breaks.
  cut: await outcomeOf("cut", { retry: false }).then(([outcome]) => outcome),
  stalled: await outcomeOf("stall", { retry: false, timeouts: { idle: 50 } }),
  aborted: await outcomeOf("stall", { signal: AbortSignal.timeout(50) }).then(([outcome]) => outcome),
}
console.log(JSON.stringify(results))
