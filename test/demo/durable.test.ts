import type { Page } from "playwright"
import { readEvents } from "steadystream"
import { describe, test } from "vitest"
import { ANSWER, fact, isWithoutChromium, textOf, useChromium, waitForText } from "./demo-page.ts"

const numbersOf = async (page: Page): Promise<number[]> =>
  (await page.locator("#durable .log tbody tr:not(.note) td:nth-child(2)").allInnerTexts()).map(Number)

const oneTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1)

const piecesFrom = (page: Page, from: string) => page.locator(`#durable .answer [data-from="${from}"]`).count()

/** Asks, and waits until some words have arrived. */
async function ask(page: Page): Promise<void> {
  await page.click('#durable [data-action="ask"]')
  await page.locator("#durable .answer span").nth(8).waitFor()
}

describe.skipIf(isWithoutChromium).concurrent("the durable answer of the demo's page in Chromium", () => {
  const openPage = useChromium()

  test(
    "the demo's page finds its answer after a reload, and shows each word once",
    { timeout: 240_000 },
    async (context) => {
      const { expect } = context
      // Slow enough that the answer runs when the page has loaded again.
      const { page, errors } = await openPage(context, 1)
      await ask(page)
      expect(await fact(page, "#durable", "resumed")).toBe("–")
      await page.reload()
      await waitForText(page, "#durable .badge", "done")
      expect(await textOf(page, "#durable .answer")).toBe(ANSWER)
      const numbers = await numbersOf(page)
      expect(numbers).toEqual(oneTo(numbers.length))
      // The words before the reload came from the store, the others live.
      const [stored, live] = [await piecesFrom(page, "store"), await piecesFrom(page, "live")]
      expect(stored).toBeGreaterThan(7)
      expect(live).toBeGreaterThan(0)
      const resumed = Number(/^after event (\d+)$/.exec(await fact(page, "#durable", "resumed"))![1])
      // The first event has the role and no word.
      expect(resumed).toBe(stored + 1)
      expect(await fact(page, "#durable", "writer")).toBe(`process 1 (${process.pid})`)
      await page.reload()
      await waitForText(page, "#durable .outcome", "Complete.")
      expect(await textOf(page, "#durable .answer")).toBe(ANSWER)
      expect(await piecesFrom(page, "live")).toBe(0)
      expect(errors).toEqual([])
    },
  )

  test(
    "the demo's page stops an answer for the tab that asked and for another tab, with equal words",
    { timeout: 240_000 },
    async (context) => {
      const { expect } = context
      // Slow enough that the answer runs when it is stopped.
      const { page, openTab, errors } = await openPage(context, 0.5)
      await ask(page)
      const other = await openTab()
      await waitForText(other, "#durable .badge", "running")
      await waitForText(page, '#durable [data-fact="readers"]', "2")
      await other.click('#durable [data-action="stop"]')
      for (const tab of [page, other]) {
        await waitForText(tab, "#durable .badge", "cancelled")
        expect(await textOf(tab, "#durable .outcome")).toContain("Stopped, for every reader")
      }
      const text = await textOf(page, "#durable .answer")
      expect(ANSWER).toContain(text)
      expect(await textOf(other, "#durable .answer")).toBe(text)
      expect(await numbersOf(other)).toEqual(await numbersOf(page))
      await waitForText(other, '#durable [data-fact="readers"]', "0")
      await other.close()
      expect(errors).toEqual([])
    },
  )

  test(
    "the demo's page stops an answer in three tabs, although a browser has six connections",
    { timeout: 240_000 },
    async (context) => {
      const { expect } = context
      const { page, openTab, errors } = await openPage(context, 0.5)
      const tabs = [page, await openTab(), await openTab()]
      await ask(page)
      for (const tab of tabs) await waitForText(tab, "#durable .badge", "running")
      await waitForText(page, '#durable [data-fact="readers"]', "3")
      await tabs[1]!.click('#durable [data-action="stop"]')
      for (const tab of tabs) await waitForText(tab, "#durable .badge", "cancelled")
      expect(errors).toEqual([])
    },
  )

  test(
    "the demo's page says after which event it went on when its connection broke",
    { timeout: 240_000 },
    async (context) => {
      const { expect } = context
      const { page } = await openPage(context, 0.5)
      let connections = 0
      await page.route(
        ({ pathname }) => pathname === "/answer",
        async (route) => {
          if (route.request().method() !== "GET" || connections++ > 0) return route.continue()
          for await (const { id, data } of readEvents(await fetch(route.request().url()))) {
            const body = `id: ${id}\ndata: ${data}\n\n`
            return route.fulfill({ contentType: "text/event-stream", body })
          }
        },
      )
      await ask(page)
      expect(await textOf(page, "#durable .outcome")).toMatch(/went on after event 1, and no word is missing/)
      await page.click('#durable [data-action="stop"]')
      await waitForText(page, "#durable .badge", "cancelled")
    },
  )

  test(
    "the demo's page follows an answer that another tab asks for, and goes on if that tab is closed",
    { timeout: 240_000 },
    async (context) => {
      const { expect } = context
      const { page, openTab } = await openPage(context)
      const other = await openTab()
      await ask(other)
      await other.close()
      await waitForText(page, "#durable .badge", "done")
      expect(await textOf(page, "#durable .answer")).toBe(ANSWER)
      await page.click('#durable [data-action="fail"]')
      await waitForText(page, "#durable .outcome", "Failed: The model is overloaded and stopped halfway.")
      expect(await textOf(page, "#durable .badge")).toBe("failed")
    },
  )

  test(
    "the demo's page forgets an answer that the server does not know anymore",
    { timeout: 240_000 },
    async (context) => {
      const { expect } = context
      const { page, demo, errors } = await openPage(context)
      await page.evaluate(() =>
        localStorage.setItem("steadystream-demo-answer", "00000000-0000-4000-8000-000000000000"),
      )
      await page.reload()
      await page.waitForFunction(() => localStorage.getItem("steadystream-demo-answer") === null)
      await waitForText(page, "#durable .badge", "idle")
      expect(errors).toEqual([])
      expect(await page.locator('#durable [data-action="kill"]').isVisible()).toBe(false)
      demo.close()
      await page.click('#durable [data-action="ask"]')
      await waitForText(page, "#durable .outcome", "The demo’s server does not answer.")
    },
  )
})
