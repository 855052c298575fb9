/*
 * Runs tabs of real browsers that share streams, stops the leading tab at each event, and fails if a tab that stays has lost
 * an event or has seen one twice. `npm run check:tabs -- 200` stops it at each of 200 events, in the browser that may follow.
 */
import { FIREFOX_PROGRAM } from "../test/support/browsers/firefox.ts"
import { findChromium } from "../test/support/chromium.ts"
import { findInstalled } from "../test/support/installed.ts"
import type { Stop, TabBrowser } from "../test/tabs/browser-tabs.ts"
import { openChromium, openFirefox } from "../test/tabs/puppeteer-tabs.ts"
import { runTabs } from "../test/tabs/tab-run.ts"
import { TabServer } from "../test/tabs/tab-server.ts"

interface Job {
  readonly stop: Stop
  readonly keys: readonly string[]
  /** How many times the leader is stopped in the gate. */
  readonly stops: number
}

const ONE = ["news"]
const TWO = ["news", "prices"]

const CHROMIUM_JOBS: readonly Job[] = [
  { stop: "crash", keys: ONE, stops: 25 },
  { stop: "freeze", keys: ONE, stops: 25 },
  { stop: "crash", keys: TWO, stops: 10 },
  { stop: "freeze", keys: TWO, stops: 10 },
  { stop: "leave", keys: ONE, stops: 10 },
  // It takes the time in which a leader may be silent.
  { stop: "pause", keys: ONE, stops: 4 },
]

const FIREFOX_JOBS: readonly Job[] = [
  { stop: "close", keys: ONE, stops: 8 },
  { stop: "crash", keys: TWO, stops: 6 },
  { stop: "freeze", keys: ONE, stops: 4 },
]

const [given, only] = process.argv.slice(2)
let faults = 0

async function check(open: (path: string) => Promise<TabBrowser>, path: string | undefined, jobs: readonly Job[]) {
  if (path === undefined) return
  for (const { stop, keys, stops } of jobs) {
    const browser = await open(path)
    const server = await new TabServer().start()
    const events = given === undefined || stop === "pause" ? stops : Number(given)
    try {
      const counts = await runTabs(browser, server, { stop, keys, events, leaderTimeout: 1_000 })
      console.log(`${browser.name} ${browser.version}, ${stop}, ${keys.length} streams:`, JSON.stringify(counts))
      if (counts.seen === 0 || counts.lost + counts.doubled > 0) faults++
    } catch (error) {
      faults++
      console.error(`${browser.name}, ${stop}:`, error)
    } finally {
      await browser.close()
      server.close()
    }
  }
}

if (only !== "firefox") await check(openChromium, findChromium(), CHROMIUM_JOBS)
if (only !== "chromium") await check(openFirefox, findInstalled(FIREFOX_PROGRAM), FIREFOX_JOBS)
if (faults > 0) {
  console.error(`tabs: ${faults} faults`)
  process.exitCode = 1
}
