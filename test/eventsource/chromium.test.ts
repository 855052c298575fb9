import { mkdirSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { type Browser, chromium as playwright, type Page } from "playwright"
import { afterAll, beforeAll, describe, test } from "vitest"
import { bundle } from "../support/bundle.ts"
import { chromiumArguments, findChromium } from "../support/chromium.ts"
import { type ScenarioServer, startScenarioServer } from "../support/scenario-server.ts"
import type { Outcome } from "./behaviour.ts"
import type { RunRequest } from "./browser-main.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const executablePath = findChromium()

/** The places in which a class runs, each with the function that starts it. */
const places: Readonly<Record<string, (request: RunRequest) => Promise<Outcome[]>>> = {
  window: (request) =>
    (globalThis as unknown as { runBehaviours(request: RunRequest): Promise<Outcome[]> }).runBehaviours(request),
  "a dedicated worker": (request) =>
    new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel()
      port1.addEventListener("message", ({ data }: MessageEvent<Outcome[]>) => resolve(data))
      port1.start()
      new Worker("/behaviours.js").postMessage(request, [port2])
    }),
  "a shared worker": (request) =>
    new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel()
      port1.addEventListener("message", ({ data }: MessageEvent<Outcome[]>) => resolve(data))
      port1.start()
      new SharedWorker("/behaviours.js").port.postMessage(request, [port2])
    }),
}

describe.skipIf(executablePath === undefined)("EventSource in Chromium", () => {
  let browser: Browser
  let script: string

  beforeAll(async () => {
    browser = await playwright.launch({ executablePath: executablePath!, args: chromiumArguments })
    script = await bundle("test/eventsource/browser-main.ts")
  }, 60_000)

  afterAll(async () => browser?.close())

  async function openPage(server: ScenarioServer): Promise<Page> {
    server.addPage(
      "/",
      "text/html; charset=utf-8",
      '<!doctype html><title>EventSource</title><script src="/behaviours.js"></script>',
    )
    server.addPage("/behaviours.js", "text/javascript", script)
    server.addPage("/favicon.ico", "image/x-icon", "")
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(server.origins[0])
    return page
  }

  for (const [place, ask] of Object.entries(places)) {
    for (const subject of ["ours in Chromium", "native Chromium"] as const) {
      test.concurrent(`EventSource behaves in ${place}: ${subject}`, async ({ expect }) => {
        const server = await startScenarioServer()
        const page = await openPage(server)
        try {
          const outcomes = await page.evaluate(ask, { subject, origins: server.origins })
          mkdirSync(`${root}.cache/eventsource`, { recursive: true })
          writeFileSync(`${root}.cache/eventsource/${subject}, ${place}.json`, JSON.stringify(outcomes))
          expect(outcomes.filter(({ outcome }) => outcome === "failed")).toEqual([])
        } finally {
          await page.context().close()
          await server.close()
        }
      }, 120_000)
    }
  }
})
