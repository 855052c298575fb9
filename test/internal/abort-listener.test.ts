import { getEventListeners } from "node:events"
import { expect, test } from "vitest"
import { onAbort } from "../../src/internal/abort-listener.ts"

test("onAbort() keeps one listener however many wait, and none once nobody does", () => {
  const { signal } = new AbortController()
  const stops = Array.from({ length: 1000 }, () => onAbort(signal, () => {}))
  expect(getEventListeners(signal, "abort")).toHaveLength(1)
  for (const stop of stops) stop()
  for (const stop of stops) stop()
  expect(getEventListeners(signal, "abort")).toHaveLength(0)
})

test("onAbort() calls each that waits once, in order, and none that stopped meanwhile", () => {
  const abort = new AbortController()
  const calls: number[] = []
  const stops = [1, 2, 3, 4].map((number) =>
    onAbort(abort.signal, () => {
      calls.push(number)
      stops[2]!()
    }),
  )
  stops[1]!()
  abort.abort()
  expect(calls).toEqual([1, 4])
  expect(getEventListeners(abort.signal, "abort")).toHaveLength(0)
})
