import { expect, test } from "vitest"
import { findChromium } from "../support/chromium.ts"
import type { Stop } from "./browser-tabs.ts"
import { openChromium } from "./puppeteer-tabs.ts"
import { runTabs } from "./tab-run.ts"
import { TabServer } from "./tab-server.ts"

const executablePath = findChromium()

// Longer runs, in Firefox too, are those of `npm run check:tabs`.
test.skipIf(executablePath === undefined).each<[Stop, readonly string[]]>([
  ["crash", ["news"]],
  ["freeze", ["news", "prices"]],
])(
  "shareAcrossTabs() loses and doubles no event in Chromium at each %s of its leader, with the keys %j",
  async (stop, keys) => {
    const server = await new TabServer().start()
    const browser = await openChromium(executablePath!)
    try {
      const counts = await runTabs(browser, server, { stop, keys, events: 6, tabs: 3, leaderTimeout: 30_000 })
      expect(counts).toMatchObject({ stops: 6, sent: 6 * keys.length, lost: 0, doubled: 0, requests: 7 * keys.length })
      expect(counts.seen).toBeGreaterThan(6)
    } finally {
      await browser.close()
      server.close()
    }
  },
)
