import { isExecutable } from "./installed.ts"

const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
]

export const chromiumArguments = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
]

/**
 * The installed Chromium. Without one its tests are skipped by name, which fails under `CI=true`.
 *
 * @throws Error if STEADYSTREAM_CHROMIUM names no executable file.
 */
export function findChromium(): string | undefined {
  const chosen = process.env["STEADYSTREAM_CHROMIUM"]
  if (chosen && !isExecutable(chosen)) {
    throw new Error(`Cannot use Chromium: STEADYSTREAM_CHROMIUM must be an executable file, not ${chosen}`)
  }
  const found = chosen || PLACES.find((place) => isExecutable(place))
  if (found === undefined) {
    const message = "Chromium not found: its tests are skipped (install Debian's chromium or set STEADYSTREAM_CHROMIUM)"
    if (process.env["CI"] === "true") throw new Error(message)
    console.warn(message)
  }
  return found
}
