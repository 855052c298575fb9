/* Debian's Firefox, by WebDriver BiDi. */
import { launch } from "puppeteer-core"
import { findInstalled, type Program } from "../installed.ts"
import { type InstalledBrowser, pageOf } from "./browser.ts"

/** Where Firefox may be installed. */
export const FIREFOX_PROGRAM: Program = {
  name: "Firefox",
  variable: "STEADYSTREAM_FIREFOX",
  places: ["/usr/bin/firefox-esr", "/usr/bin/firefox", "/Applications/Firefox.app/Contents/MacOS/firefox"],
  debian: "firefox-esr",
}

/**
 * What keeps Firefox from connecting to other machines, its service workers from ending in the middle of a run, and
 * the timers of pages in the background from waiting a second.
 *
 * Firefox does not close the connection of a body that was cancelled, nor one that a redirect led to. With the six
 * connections that it allows to a server by default, the tests after such a body would wait for ever.
 */
const PREFERENCES: Readonly<Record<string, boolean | number | string>> = {
  "app.normandy.enabled": false,
  "app.update.disabledForTesting": true,
  "browser.safebrowsing.malware.enabled": false,
  "browser.safebrowsing.phishing.enabled": false,
  "browser.topsites.contile.enabled": false,
  "captivedetect.canonicalURL": "",
  "dom.min_background_timeout_value": 4,
  "dom.min_background_timeout_value_without_budget_throttling": 4,
  "dom.serviceWorkers.idle_timeout": 300_000,
  "dom.timeout.enable_budget_timer_throttling": false,
  "extensions.systemAddon.update.enabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "network.dns.disablePrefetch": true,
  "network.http.max-persistent-connections-per-server": 100,
  "services.settings.server": "data:,none",
  "toolkit.telemetry.server": "",
}

export const FIREFOX: InstalledBrowser = {
  name: "Firefox",
  missing: () => (findInstalled(FIREFOX_PROGRAM) === undefined ? "Firefox is not installed" : undefined),
  start: async () => {
    const browser = await launch({
      browser: "firefox",
      executablePath: findInstalled(FIREFOX_PROGRAM)!,
      headless: true,
      extraPrefsFirefox: { ...PREFERENCES },
    })
    const version = await browser.version()
    return {
      version: version.replace(/^firefox\//i, ""),
      newPage: async () => pageOf(await browser.newPage()),
      close: () => browser.close(),
    }
  },
}
