/* The method findChanged() for stores in memory, which do not have it: it reads each log. */
import type { EventStore, StorePage } from "steadystream/server"

export type FindChanged = NonNullable<EventStore["findChanged"]>

/** Whether a page shows that its log has changed since the position that it was read after. */
export function isChanged({ events, gap, state }: StorePage): boolean {
  // A log that was dropped keeps none of its events.
  const isEmpty = state.first === state.last
  return events.length > 0 || gap !== undefined || state.status !== "open" || isEmpty
}

/** Returns the method for a store; the pages decide which logs are named. */
export function findChangedOf(store: Pick<EventStore, "read">, isNamed = isChanged): FindChanged {
  return async (positions) => {
    const changed: string[] = []
    for (const [name, cursor] of positions) if (isNamed(await store.read(name, cursor))) changed.push(name)
    return changed
  }
}
