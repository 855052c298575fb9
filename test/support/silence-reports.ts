import { afterEach, beforeEach, vi } from "vitest"

/** Keeps the errors that are reported by default out of the output of a test file whose sources fail. */
export function silenceReports(): void {
  let print: { mockRestore(): void }
  beforeEach(() => void (print = vi.spyOn(console, "error").mockImplementation(() => {})))
  afterEach(() => print.mockRestore())
}
