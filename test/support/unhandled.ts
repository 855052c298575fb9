import { afterEach, beforeEach, expect } from "vitest"

/** Fails each test of a file that leaves a rejection unhandled. */
export function failOnUnhandledRejections(): void {
  const unhandled: unknown[] = []
  const onUnhandled = (reason: unknown) => void unhandled.push(reason)
  beforeEach(() => void process.on("unhandledRejection", onUnhandled))
  afterEach(async () => {
    await new Promise((resolve) => setImmediate(resolve))
    process.off("unhandledRejection", onUnhandled)
    expect(unhandled.splice(0)).toEqual([])
  })
}
