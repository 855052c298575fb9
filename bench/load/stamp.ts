/** Returns milliseconds of the machine's monotonic clock, which all processes of one machine share. */
export function stamp(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1e3 + nanoseconds / 1e6
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Resolves when `condition` returns true; rejects after `deadline` milliseconds. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  deadline: number,
  what: string,
): Promise<void> {
  const end = stamp() + deadline
  while (!(await condition())) {
    if (stamp() > end) throw new Error(`Cannot go on: ${what} within ${Math.round(deadline / 1000)} s`)
    await sleep(5)
  }
}
