import { openSource, type SseSource } from "../parser/index.ts"

/** Cancels a source that will not be read. It may be any value, since a late one was never checked. */
export function discard(source: SseSource): undefined {
  try {
    openSource(source).cancel()
  } catch {
    // A value that cannot be opened is not a source, or is being read.
  }
}
