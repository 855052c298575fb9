/** Cancels a stream or its reader, or destroys a stream of Node; a failure of that is ignored. */
export function cancelQuietly(
  target: { cancel?(reason?: unknown): Promise<void>; destroy?(): unknown },
  reason?: unknown,
): void {
  try {
    if (target.cancel) target.cancel(reason).catch(ignore)
    else target.destroy!()
  } catch {
    // A locked stream of some runtimes throws instead of rejecting.
  }
}

/** For a promise whose rejection is reported elsewhere. */
export function ignore(): void {}

/** Returns what `accept` returns; if it throws, the source is cancelled, so that a refused call leaves no connection open. */
export function orCancel<Accepted>(accept: () => Accepted, open: () => { cancel(reason: unknown): unknown }): Accepted {
  try {
    return accept()
  } catch (error) {
    try {
      open().cancel(error)
    } catch {
      // It is not a source, or is being read.
    }
    throw error
  }
}
