/* Remembers the newest IDs of events, to recognise one that comes again. */
import { copyOf } from "./copy.ts"

const MAX_IDS = 1_024

/** The longest ID that is worth remembering, in characters: memory that a peer can grow is bounded. */
export const MAX_ID_LENGTH = 4_096

/** Adds `id`, and forgets the oldest of too many. */
export function rememberId(ids: Set<string>, id: string): void {
  if (ids.has(id)) return
  ids.add(copyOf(id))
  if (ids.size > MAX_IDS) ids.delete(ids.values().next().value!)
}
