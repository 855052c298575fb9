import { expect, test, vi } from "vitest"
import { onAbort } from "../../src/internal/abort-listener.ts"

/** A signal that passes on what a listener throws, as no platform does. */
function loudSignal() {
  let listener = (): void => {}
  const signal = { addEventListener: (_: string, run: () => void) => void (listener = run), removeEventListener() {} }
  return { signal: signal as unknown as AbortSignal, abort: () => listener() }
}

test("onAbort calls the others where one throws, and passes the error on", () => {
  const { signal, abort } = loudSignal()
  const other = vi.fn<() => void>()
  onAbort(signal, () => {
    throw new Error("mine")
  })
  onAbort(signal, other)
  expect(abort).toThrow("mine")
  expect(other).toHaveBeenCalledTimes(1)
})

test("onAbort calls nobody who has stopped waiting, also during the abort", () => {
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
