import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import { chromium, type Page } from "playwright"
import { parseRecording, replay, startFaultServer, startReplayServer } from "steadystream/testing"
import { afterAll, expect, test } from "vitest"

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const recording = parseRecording(readFileSync(path("order.jsonl"), "utf8"))
const bundle = build({ entryPoints: [path("order-page.ts")], bundle: true, write: false, format: "esm" })
const browser = await chromium.launch({ executablePath: process.env["CHROMIUM"] ?? chromium.executablePath() })
afterAll(() => browser.close())

/** Opens the page of the application, which `serve` connects with the shop, and returns the statuses that it shows. */
async function statusesShown(serve: (page: Page) => Promise<unknown>): Promise<string[]> {
  const html = `<ul></ul><script type="module">${(await bundle).outputFiles[0]!.text}</script>`
  await using application = await startFaultServer({ headers: { "content-type": "text/html" }, body: html })
  await using page = await browser.newPage()
  await serve(page)
  await page.goto(application.url)
  await page.getByText("at the café").waitFor()
  return await page.getByRole("listitem").allTextContents()
}

test("the page shows a recording that it receives at once", async () => {
  const response = replay(recording, { speed: Infinity }).response()
  const body = Buffer.from(await response.arrayBuffer())
  const answer = { status: response.status, headers: Object.fromEntries(response.headers), body }
  const shown = await statusesShown((page) => page.route("**/orders", (route) => route.fulfill(answer)))
  expect(shown).toEqual(["packed", "on its way", "at the café"])
})

test("the page shows a recording that it receives in its chunks, at its times", async () => {
  await using shop = await startReplayServer(recording)
  const shown = await statusesShown((page) => page.route("**/orders", (route) => route.continue({ url: shop.url })))
  expect(shown).toEqual(["packed", "on its way", "at the café"])
  expect(shop.requests.map(({ body }) => body)).toEqual(['{"order":"42"}'])
})
