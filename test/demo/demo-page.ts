import { existsSync } from "node:fs"
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright"
import { afterAll, beforeAll, type TestContext } from "vitest"
import { DemoServer } from "../../demo/server/demo-server.ts"
import { chromiumArguments, findChromium } from "../support/chromium.ts"
import { silenceReports } from "../support/silence-reports.ts"

const pageDirectory = new URL("../../demo/dist/page/", import.meta.url)
const executablePath = findChromium()

/** Whether no Chromium is installed, so that the tests of the page must be skipped. */
export const isWithoutChromium: boolean = executablePath === undefined

/** The answer of the demo's model. */
export const ANSWER =
  "Server-sent events are a text format for a response that stays open. Each event has a few lines, a field name and a " +
  "value on each, and ends with a blank line. The browser reads events with EventSource and reconnects by itself. " +
  "OpenAI-style APIs answer a POST with the same format, one JSON chunk per token, and send [DONE] at the end."

/** Starts Chromium for the tests of a group, and returns the function that opens the page in it. */
export function useChromium() {
  // The demo has scenarios whose provider fails.
  silenceReports()
  let browser: Browser
  beforeAll(async () => {
    if (!existsSync(pageDirectory)) throw new Error("The demo must be built: npm run build")
    browser = await chromium.launch({ executablePath: executablePath!, args: chromiumArguments })
  })
  afterAll(() => browser?.close())

  /**
   * Opens the page of a separate demo server whose delays are `pace` times shorter, and records its console.
   *
   * @param token - Milliseconds between two tokens of an answer that is not stored.
   */
  return async ({ onTestFinished }: TestContext, pace = 5, options: BrowserContextOptions = {}, token = 5) => {
    const demo = new DemoServer({
      pageDirectory,
      pace: { word: 15, tick: 60, token, storedToken: 150 / pace, beat: 40, retry: 500 / pace },
    })
    const origin = `http://127.0.0.1:${await demo.listen("127.0.0.1", 0)}`
    const context = await browser.newContext({ reducedMotion: "reduce", ...options })
    onTestFinished(async () => {
      await context.close()
      demo.close()
    })
    const errors: string[] = []
    const openTab = async (): Promise<Page> => {
      const page = await context.newPage()
      page.setDefaultTimeout(240_000)
      page.on("console", (message) => void (message.type() === "error" && errors.push(message.text())))
      page.on("pageerror", (error) => void errors.push(String(error)))
      await page.goto(`${origin}/?pace=${pace}`)
      return page
    }
    return { page: await openTab(), openTab, demo, origin, errors }
  }
}

export const waitForText = (page: Page, selector: string, text: string): Promise<void> =>
  page.locator(selector).filter({ hasText: text }).first().waitFor()

export const textOf = async (page: Page, selector: string): Promise<string> =>
  (await page.locator(selector).first().innerText()).trim()

export const fact = (page: Page, root: string, name: string): Promise<string> =>
  textOf(page, `${root} [data-fact="${name}"]`)

/** Starts the ticks of the second panel. */
export async function startTicks(page: Page): Promise<void> {
  await page.click('#retry [data-action="start"]')
  await waitForText(page, "#retry .log", "tick")
}

/** Requests an answer of this kind in the third panel. */
export async function ask(page: Page, scenario: string): Promise<void> {
  await page.locator("#chat .row label").filter({ hasText: scenario }).click()
  await page.click('#chat [data-action="run"]')
}

/** Connects the readers of the fifth panel, which publishes nothing by itself. */
export async function connectReaders(page: Page): Promise<void> {
  await page.click('#channel [data-action="tick"]')
  await page.click('#channel [data-action="start"]')
  for (const reader of ["a", "b", "c"]) await waitForText(page, `#reader-${reader} .badge`, "open")
}

/** Publishes events in the fifth panel, one by one or 20 at once, and waits until reader A and the log have them. */
export async function publish(page: Page, count: number): Promise<void> {
  for (let left = count; left > 0; left -= count === 20 ? 20 : 1) {
    const newest = Number(await fact(page, "#reader-a", "position")) + (count === 20 ? 20 : 1)
    await page.click(`#channel [data-action="${count === 20 ? "many" : "one"}"]`)
    await waitForText(page, '#reader-a [data-fact="position"]', String(newest))
    // The answer to the request may arrive after the event.
    await page.waitForSelector(`#channel .cells [data-number="${newest}"]`)
  }
}

/** Takes reader C off after one event and brings it back when 8 events that it missed are gone. */
export async function comeBackTooLate(page: Page): Promise<void> {
  await connectReaders(page)
  await publish(page, 1)
  await waitForText(page, '#reader-c [data-fact="position"]', "1")
  await page.click('#channel [data-action="off"]')
  await publish(page, 20)
  await waitForText(page, "#reader-c .outcome", "Away for too long")
  await page.click('#channel [data-action="back"]')
  await waitForText(page, "#reader-c .outcome", "Too late:")
}
