import { vi } from "vitest"

/** How long a test waits for what must happen, in milliseconds. Vitest's default is 1 s, which a loaded machine can need. */
const PATIENCE = 30_000

const { waitFor, waitUntil } = vi

function patient(options: Parameters<typeof waitFor>[1] = {}): Parameters<typeof waitFor>[1] {
  return typeof options === "number" ? options : { timeout: PATIENCE, ...options }
}

vi.waitFor = (callback, options) => waitFor(callback, patient(options))
vi.waitUntil = (callback, options) => waitUntil(callback, patient(options))
