import type { SseEvent } from "steadystream"
import type { Subscription } from "steadystream/client"

/** Consumes a subscription and records its events and its outcome: `"done"`, or the error that it rejected with. */
export function consume(subscription: Subscription): { events: SseEvent[]; data: string[]; outcome: Promise<unknown> } {
  const events: SseEvent[] = []
  const data: string[] = []
  const onEvent = (event: SseEvent) => {
    events.push(event)
    data.push(event.data)
  }
  const outcome = subscription.listen({ onEvent }).then(
    () => "done",
    (error: unknown) => error,
  )
  return { events, data, outcome }
}
