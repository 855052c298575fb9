/** Cancels a stream or its reader; a cancellation that fails is ignored. */
export function cancelQuietly(target: { cancel(reason?: unknown): Promise<void> }, reason?: unknown): void {
  try {
    target.cancel(reason).catch(ignore)
  } catch {
    // A locked stream of some runtimes throws instead of rejecting.
  }
}

/** For a promise whose rejection is reported elsewhere. */
export function ignore(): void {}
