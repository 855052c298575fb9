import { readEvents } from "steadystream"
import { expect, test } from "vitest"
import { eventStream } from "../support/streams.ts"

test.each([
  ["maxLineLength", { maxLineLength: 0 }],
  ["signal", { signal: 3 }],
])("readEvents() with a wrong %s cancels its source", (option, options) => {
  let cancelled = 0
  const stream = () => new ReadableStream<never>({ cancel: () => void cancelled++ })
  expect(() => readEvents(stream(), options as never)).toThrow(option)
  expect(() => readEvents(eventStream(stream()), options as never)).toThrow(option)
  expect(cancelled).toBe(2)
})
