/** Steps of a source in a row after which its reader waits for the other tasks of the event loop. */
export const STEPS_PER_TASK = 512

/** Resolves in a later task, so that a source which never waits does not hold up the event loop. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, 0))
}
