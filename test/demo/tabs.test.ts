import { describe, test } from "vitest"
import { fact, isWithoutChromium, useChromium, waitForText } from "./demo-page.ts"

describe.skipIf(isWithoutChromium).concurrent("the panel of one stream for all tabs in Chromium", () => {
  const openPage = useChromium()

  test(
    "the demo's page shares one stream between its tabs, and another tab leads when the leader is closed",
    { timeout: 240_000 },
    async (context) => {
      const { expect } = context
      const { page, errors } = await openPage(context)
      await page.click('#tabs [data-action="join"]')
      await waitForText(page, '#tabs [data-fact="role"]', "leading")
      const [second, third] = [await openAnother(), await openAnother()]
      for (const tab of [second, third]) await waitForText(tab, '#tabs [data-fact="role"]', "following")
      await page.waitForSelector("#tabs .tab-list li:nth-child(3)")
      await waitForText(third, "#tabs .log", "tick")
      expect(await fact(third, "#tabs", "connections")).toBe("1")
      await waitForText(second, "#tabs .tab-list li:nth-child(2) b", "Tab 2, this one")
      await page.close()
      await Promise.race([second, third].map((tab) => waitForText(tab, '#tabs [data-fact="role"]', "leading")))
      const before = Number(await fact(second, "#tabs", "tick"))
      await second.waitForFunction(
        (tick) => Number(document.querySelector('#tabs [data-fact="tick"]')!.textContent) > tick + 3,
        before,
      )
      for (const tab of [second, third]) {
        const ticks = await tab.evaluate(() =>
          [...document.querySelectorAll<HTMLElement>("#tabs .log td:last-child")].map(
            ({ title }) => (JSON.parse(title) as { tick: number }).tick,
          ),
        )
        expect(ticks).toEqual(ticks.map((_, at) => ticks[0]! + at))
      }
      await second.click('#tabs [data-action="leave"]')
      await waitForText(second, "#tabs .badge", "closed")
      await waitForText(third, '#tabs [data-fact="role"]', "leading")
      expect(errors).toEqual([])

      /** Follows the link of the panel. */
      async function openAnother() {
        const opened = page.context().waitForEvent("page")
        await page.click("#tabs [data-link]")
        const tab = await opened
        tab.setDefaultTimeout(240_000)
        return tab
      }
    },
  )
})
