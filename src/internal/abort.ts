/*
 * Law: one listener per signal, however many of ours wait on it. Node 20 warns of a leak at the eleventh, and one
 * signal for a whole server is the usual case.
 */
import { ignore } from "./cancel.ts"

const waiting: WeakMap<AbortSignal, Set<() => void>> = new WeakMap()

/** Calls `run` when `signal` is aborted, at once where it is already. Gives the function that takes it back. */
export function whenAborted(signal: AbortSignal, run: () => void): () => void {
  if (signal.aborted) {
    run()
    return ignore
  }
  const entry = (): void => run()
  const entries = waiting.get(signal) ?? listen(signal)
  entries.add(entry)
  return () => void entries.delete(entry)
}

function listen(signal: AbortSignal): Set<() => void> {
  const entries: Set<() => void> = new Set()
  waiting.set(signal, entries)
  signal.addEventListener("abort", () => entries.forEach((entry) => entry()), { once: true })
  return entries
}
