/*
 * One listener per signal, however many callers wait for it, and none after the last has stopped. Node warns of a leak at
 * the eleventh listener, and a signal may live as long as the program.
 */
import { domException } from "./dom-exception.ts"

const waiting: WeakMap<AbortSignal, Listeners> = new WeakMap()

interface Listeners {
  readonly runs: Set<() => void>
  readonly forget: () => void
}

/**
 * Calls `run` once when `signal` aborts, which it must not have done yet.
 *
 * @returns A function that stops waiting; it may be called at any time, more than once.
 */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  const { runs, forget } = waiting.get(signal) ?? listenTo(signal)
  // Wrapped, so that a function that waits twice is called twice.
  const entry = () => run()
  runs.add(entry)
  return () => {
    if (runs.delete(entry) && runs.size === 0) forget()
  }
}

/** Returns the reason of an aborted signal; old platforms have none. */
export function reasonOf(signal: AbortSignal): unknown {
  const { reason = domException("The operation was aborted", "AbortError") }: { readonly reason: unknown } = signal
  return reason
}

function listenTo(signal: AbortSignal): Listeners {
  const runs = new Set<() => void>()
  const forget = () => {
    waiting.delete(signal)
    signal.removeEventListener("abort", listener)
  }
  const listener = () => {
    const errors: unknown[] = []
    forget()
    for (const run of runs) {
      try {
        run()
      } catch (error) {
        errors.push(error)
      }
    }
    // The platform reports it like any error of a listener; all others have been called.
    if (errors.length > 0) throw errors[0]
  }
  const listeners = { runs, forget }
  waiting.set(signal, listeners)
  signal.addEventListener("abort", listener)
  return listeners
}
