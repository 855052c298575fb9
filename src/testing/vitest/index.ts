import { expect } from "vitest"
import { compareEvents, type ToHaveEventsOptions } from "./to-have-events.ts"
import type { ExpectedEvent } from "./expected-events.ts"

expect.extend({
  toHaveEvents(received: unknown, expected: readonly ExpectedEvent[], options?: ToHaveEventsOptions) {
    return compareEvents(this, received, expected, options)
  },
})

export { sseTest } from "./sse-test.ts"
export type { SseFixtures } from "./sse-test.ts"
export type { ErrorClass, ToHaveEventsOptions } from "./to-have-events.ts"
export type { ExpectedEvent } from "./expected-events.ts"
