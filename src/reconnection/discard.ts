import { openSource, type SseSource } from "../parser/index.ts"

/** Frees what a source holds that nobody reads. It may be anything: what came late was never looked at. */
export function discard(source: SseSource): undefined {
  try {
    openSource(source).cancel()
  } catch {
    // What cannot be opened holds nothing, or is being read.
  }
}
