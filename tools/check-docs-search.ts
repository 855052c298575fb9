/* Types a name into the search field of the generated documentation, in headless Chromium, and follows the first result. */
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { chromium } from "playwright"
import { chromiumArguments, findChromium } from "../test/support/chromium.ts"

const QUERIES: Readonly<Record<string, string>> = {
  subscribe: "/functions/steadystream_client.subscribe.html",
  readChatCompletions: "/functions/steadystream_openai.readChatCompletions.html",
  eventStreamResponse: "/functions/steadystream_server.eventStreamResponse.html",
}

const executablePath = findChromium()
if (executablePath !== undefined) {
  const browser = await chromium.launch({ executablePath, args: chromiumArguments })
  try {
    const page = await browser.newPage()
    page.setDefaultTimeout(15_000)
    for (const [query, expected] of Object.entries(QUERIES)) {
      await page.goto(pathToFileURL(resolve("docs/api/index.html")).href)
      await page.click("#tsd-search-trigger")
      await page.fill("#tsd-search-input", query)
      await page.click("#tsd-search-results a >> nth=0")
      await page.waitForURL((url) => url.pathname.endsWith(expected))
    }
    console.log(`search: ${Object.keys(QUERIES).length} names found`)
  } finally {
    await browser.close()
  }
}
