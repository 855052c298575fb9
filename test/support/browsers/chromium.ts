import { chromium } from "playwright"
import { chromiumArguments, findChromium } from "../chromium.ts"
import { type InstalledBrowser, pageOf } from "./browser.ts"

export const CHROMIUM: InstalledBrowser = {
  name: "Chromium",
  missing: () => (findChromium() === undefined ? "Chromium is not installed" : undefined),
  start: async () => {
    const browser = await chromium.launch({ executablePath: findChromium()!, args: chromiumArguments })
    const context = await browser.newContext()
    return {
      version: browser.version(),
      newPage: async () => pageOf(await context.newPage()),
      close: () => browser.close(),
    }
  },
}
