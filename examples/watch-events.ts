/* Follows one URL and reports each change as one immutable view. The returned function closes the connection. */
import type { SseEvent } from "steadystream"
import { subscribe, type SubscriptionState } from "steadystream/client"

export interface EventsView {
  readonly events: readonly SseEvent[]
  readonly state: SubscriptionState
  /** The error that ended the subscription. A failure that is retried changes only the state, to "waiting". */
  readonly error?: unknown
}

export const NO_EVENTS: EventsView = { events: [], state: "connecting" }

export function watchEvents(url: string, onChange: (view: EventsView) => void): () => void {
  let view = NO_EVENTS
  const change = (part: Partial<EventsView>) => {
    view = { ...view, ...part }
    onChange(view)
  }
  change({})
  const subscription = subscribe(url, { onStateChange: (state) => change({ state }) })
  void subscription.listen({
    onEvent: (event) => change({ events: [...view.events, event].slice(-100) }),
    onError: (error) => change({ error }),
  })
  return () => subscription.close()
}
