import { getEventListeners } from "node:events"
import { expect, test, vi } from "vitest"
import { onAbort } from "../../src/internal/abort-listener.ts"

test("onAbort() keeps one listener for any number of waiting callbacks, and none without them", () => {
  const { signal } = new AbortController()
  const stops = Array.from({ length: 1000 }, () => onAbort(signal, () => {}))
  expect(getEventListeners(signal, "abort")).toHaveLength(1)
  for (const stop of stops) stop()
  for (const stop of stops) stop()
  expect(getEventListeners(signal, "abort")).toHaveLength(0)
})

test("onAbort() calls each waiting callback once, in order, and no callback that was removed meanwhile", () => {
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

/** A signal that rethrows the error of a listener, which no platform does. */
function loudSignal() {
  let listener = (): void => {}
  const signal = { addEventListener: (_: string, run: () => void) => void (listener = run), removeEventListener() {} }
  return { signal: signal as unknown as AbortSignal, abort: () => listener() }
}

test("onAbort() calls the other callbacks if one throws, and rethrows the error", () => {
  const { signal, abort } = loudSignal()
  const other = vi.fn<() => void>()
  onAbort(signal, () => {
    throw new Error("mine")
  })
  onAbort(signal, other)
  expect(abort).toThrow("mine")
  expect(other).toHaveBeenCalledTimes(1)
})

test("onAbort() does not call a removed callback, also if it is removed during the abort", () => {
  const controller = new AbortController()
  const late = vi.fn<() => void>()
  const early = vi.fn<() => void>()
  onAbort(controller.signal, early)()
  let forget = (): void => {}
  onAbort(controller.signal, () => forget())
  forget = onAbort(controller.signal, late)
  controller.abort()
  expect(early).not.toHaveBeenCalled()
  expect(late).not.toHaveBeenCalled()
})
