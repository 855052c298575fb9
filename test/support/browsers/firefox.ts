/* Debian's Firefox, by WebDriver BiDi. */
import { launch } from "puppeteer-core"
import { findInstalled, type Program } from "../installed.ts"
import type { InstalledBrowser } from "./browser.ts"

const PROGRAM: Program = {
  name: "Firefox",
  variable: "STEADYSTREAM_FIREFOX",
  places: ["/usr/bin/firefox-esr", "/usr/bin/firefox", "/Applications/Firefox.app/Contents/MacOS/firefox"],
  debian: "firefox-esr",
}

/** What keeps Firefox from connecting to other machines, and its service workers from ending in the middle of a run. */
const PREFERENCES: Readonly<Record<string, boolean | number | string>> = {
  "app.normandy.enabled": false,
  "app.update.disabledForTesting": true,
  "browser.safebrowsing.malware.enabled": false,
  "browser.safebrowsing.phishing.enabled": false,
  "browser.topsites.contile.enabled": false,
  "captivedetect.canonicalURL": "",
  "dom.serviceWorkers.idle_timeout": 300_000,
  "extensions.systemAddon.update.enabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "network.dns.disablePrefetch": true,
  "services.settings.server": "data:,none",
  "toolkit.telemetry.server": "",
}

export const FIREFOX: InstalledBrowser = {
  name: "Firefox",
  missing: () => (findInstalled(PROGRAM) === undefined ? "Firefox is not installed" : undefined),
  start: async () => {
    const browser = await launch({
      browser: "firefox",
      executablePath: findInstalled(PROGRAM)!,
      headless: true,
      extraPrefsFirefox: { ...PREFERENCES },
    })
    const version = await browser.version()
    return {
      version: version.replace(/^firefox\//i, ""),
      newPage: async () => {
        const page = await browser.newPage()
        return {
          open: async (url) => void (await page.goto(url)),
          evaluate: (expression) => page.evaluate(expression),
          close: () => page.close(),
        }
      },
      close: () => browser.close(),
    }
  },
}
