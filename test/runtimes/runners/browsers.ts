/* Runs the suite in the installed browsers: in a page, in a dedicated worker and in a service worker. */
import { readFile } from "node:fs/promises"
import { relative } from "node:path"
import { type BrowserPage, type InstalledBrowser, waitForValue } from "../../support/browsers/browser.ts"
import { CHROMIUM } from "../../support/browsers/chromium.ts"
import { FIREFOX } from "../../support/browsers/firefox.ts"
import { WEBKIT } from "../../support/browsers/webkit.ts"
import { bundle } from "../../support/bundle.ts"
import { root } from "../../support/root.ts"
import { startFixtureServer } from "../fixture-server.ts"
import type { SuiteResult } from "../suite/index.ts"
import type { Runner, RuntimeReport } from "./runner.ts"

/** The longest run of one realm, in milliseconds. */
const TIME_LIMIT = 200_000

/** The realms of a browser, and the program of its page, which sets `outcome`. */
const SCOPES: readonly (readonly [scope: string, program: string])[] = [
  ["page", "import('/suite.mjs').then((suite) => suite.run(options)).then(report, report)"],
  [
    "dedicated worker",
    `const worker = new Worker("/worker.js")
     worker.onmessage = ({ data }) => report(data)
     worker.onerror = ({ message }) => report(message)
     worker.postMessage(options)`,
  ],
  [
    "service worker",
    `navigator.serviceWorker.onmessage = ({ data }) => report(data)
     navigator.serviceWorker
       .register("/worker.js", { scope: "/" })
       .then(() => navigator.serviceWorker.ready)
       .then(({ active }) => active.postMessage(options))
       .catch(report)`,
  ],
]

/** A script rather than a module, because older browsers take no module as a service worker. */
const WORKER = `
  addEventListener("message", (event) => {
    const running = suite.run(event.data).catch(String)
    const answer = running.then((results) => (event.source ?? self).postMessage(results))
    event.waitUntil?.(answer)
  })`

const pageOf = (program: string, options: object) => `<!doctype html><meta charset="utf-8"><title>Suite</title>
<script>
  var outcome
  const options = ${JSON.stringify(options)}
  const report = (value) => (outcome = Array.isArray(value) ? { results: value } : { error: String(value) })
  ${program}
</script>`

/** Runs the suite in each realm, in a page of its own, all at the same time. */
function browserRunner(browser: InstalledBrowser): Runner {
  return {
    name: browser.name.toLowerCase(),
    isPinned: false,
    missing: () => browser.missing(),
    run: async (bundlePath, _, only) => {
      const scripts = await scriptsOf(bundlePath)
      const running = await browser.start()
      try {
        const reports: Promise<RuntimeReport>[] = []
        for (const [scope, program] of SCOPES) {
          const page = await running.newPage()
          const results = runIn(page, program, scripts, only)
          const report = { runtime: browser.name, version: running.version, scope }
          reports.push(results.then((found) => ({ ...report, results: found })))
        }
        return await Promise.all(reports)
      } finally {
        await running.close()
      }
    },
  }
}

interface Scripts {
  readonly module: string
  readonly worker: string
}

async function scriptsOf(bundlePath: string): Promise<Scripts> {
  const script = await bundle(relative(root, bundlePath), { globalName: "suite" })
  return { module: await readFile(bundlePath, "utf8"), worker: script + WORKER }
}

/** Each realm has an origin of its own, so that no service worker reaches another realm. */
async function runIn(
  page: BrowserPage,
  program: string,
  { module, worker }: Scripts,
  only: string | undefined,
): Promise<readonly SuiteResult[]> {
  const server = await startFixtureServer()
  try {
    server.addPage("/suite.mjs", "text/javascript", module)
    server.addPage("/worker.js", "text/javascript", worker)
    server.addPage("/suite", "text/html", pageOf(program, { origin: server.origin, only }))
    await page.open(`${server.origin}/suite`)
    const outcome = (await waitForValue(page, "outcome", TIME_LIMIT)) as { results?: SuiteResult[]; error?: string }
    if (outcome.results === undefined) throw new Error(outcome.error)
    return outcome.results
  } finally {
    await server.close()
  }
}

/** The runners of browsers. */
export const browserRunners: readonly Runner[] = [CHROMIUM, FIREFOX, WEBKIT].map(browserRunner)
