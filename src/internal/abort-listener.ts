/*
 * Law: however many of us wait for one signal, it has one listener of ours, and none once nobody waits. Node warns of a
 * leak at the eleventh listener, and a signal may live as long as the program.
 */
const waiting: WeakMap<AbortSignal, Listeners> = new WeakMap()

interface Listeners {
  readonly runs: Set<() => void>
  readonly listener: () => void
}

/**
 * Calls `run` once when `signal` aborts, which it must not have done yet.
 *
 * @returns What stops waiting; it may be called at any time, more than once.
 */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  const listeners = waiting.get(signal) ?? listenTo(signal)
  // Wrapped, so that a function that waits twice is called twice.
  const entry = () => run()
  listeners.runs.add(entry)
  return () => {
    listeners.runs.delete(entry)
    if (listeners.runs.size > 0 || waiting.get(signal) !== listeners) return
    waiting.delete(signal)
    signal.removeEventListener("abort", listeners.listener)
  }
}

function listenTo(signal: AbortSignal): Listeners {
  const runs = new Set<() => void>()
  const listener = () => {
    waiting.delete(signal)
    signal.removeEventListener("abort", listener)
    let failure: { readonly error: unknown } | undefined
    for (const run of runs) {
      try {
        run()
      } catch (error) {
        failure ??= { error }
      }
    }
    // The platform reports it, as it does what any listener throws; the others have been called.
    if (failure !== undefined) throw failure.error
  }
  const listeners = { runs, listener }
  waiting.set(signal, listeners)
  signal.addEventListener("abort", listener)
  return listeners
}
