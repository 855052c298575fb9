import { SseValidationError } from "steadystream"

/** Collects every item of an iterator. */
export async function collect<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const all: Value[] = []
  for await (const value of values) all.push(value)
  return all
}

/** The SseValidationError that `run` throws. */
export function failure(run: () => unknown): SseValidationError {
  try {
    run()
  } catch (error) {
    if (error instanceof SseValidationError) return error
    throw error
  }
  throw new Error("Nothing was thrown")
}
