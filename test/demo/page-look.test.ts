import axe from "axe-core"
import type { Page } from "playwright"
import { describe, test } from "vitest"
import { findings } from "./findings.ts"
import {
  ask,
  comeBackTooLate,
  fact,
  isWithoutChromium,
  startTicks,
  textOf,
  useChromium,
  waitForText,
} from "./demo-page.ts"

/** Returns the words of the logs' data and of the tool calls that are on more than one line. */
const brokenWords = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll(".log td:last-child, .calls pre")].flatMap((element) => {
      const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT)
      const letters: [Node, number][] = []
      while (walker.nextNode()) {
        const { currentNode } = walker
        for (let at = 0; at < currentNode.textContent!.length; at++) letters.push([currentNode, at])
      }
      const topOf = ([node, at]: [Node, number]) => {
        const range = document.createRange()
        range.setStart(node, at)
        range.setEnd(node, at + 1)
        return range.getBoundingClientRect().top
      }
      return [...element.textContent.matchAll(/\w+/g)]
        .filter(({ 0: word, index }) => topOf(letters[index]!) !== topOf(letters[index + word.length - 1]!))
        .map(([word]) => word)
    }),
  )

describe.skipIf(isWithoutChromium).concurrent("the look of the demo's page in Chromium", () => {
  const openPage = useChromium()

  test.for([
    [1280, "light"],
    [390, "dark"],
  ] as const)(
    "the demo's page has no serious accessibility finding at %i pixels in %s",
    { timeout: 480_000 },
    async ([width, colorScheme], context) => {
      const { expect } = context
      // Slow enough that the page is looked at while an answer runs.
      const { page } = await openPage(context, 1, { viewport: { width, height: 900 }, colorScheme })
      await page.evaluate(axe.source)
      await startTicks(page)
      await page.click('#retry [data-action="server"]')
      await ask(page, "Tool calls")
      await waitForText(page, "#chat .outcome", "Complete:")
      expect(await findings(page, "#chat")).toEqual([])
      await ask(page, "No end")
      await page.waitForSelector('#chat [data-action="run"][aria-disabled="true"]')
      expect(await findings(page, "#chat")).toEqual([])
      await waitForText(page, "#chat .outcome", "Timed out")
      await ask(page, "Reasoning")
      await waitForText(page, "#chat .outcome", "Complete:")
      await page.fill("#message", "")
      await page.click('#chat [data-action="run"]')
      await page.click('#relay [data-action="cut"]')
      await waitForText(page, "#provider .outcome", "The provider broke off")
      await comeBackTooLate(page)
      expect(await findings(page, "#channel")).toEqual([])
      await page.click('#durable [data-action="fail"]')
      await waitForText(page, "#durable .badge", "running")
      expect(await findings(page, "#durable")).toEqual([])
      await waitForText(page, "#durable .badge", "failed")
      await page.click('#tabs [data-action="join"]')
      await waitForText(page, "#tabs .log", "tick")
      await waitForText(page, "#retry .outcome", "Gave up after")
      await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)))
      expect(await findings(page, "html")).toEqual([])
    },
  )

  test.for([390, 360])(
    "the demo's page breaks the data of its logs only between words at %i pixels",
    { timeout: 480_000 },
    async (width, context) => {
      const { expect } = context
      const { page } = await openPage(context, 5, { viewport: { width, height: 900 } })
      await page.click('#relay [data-action="cut"]')
      await waitForText(page, "#provider .outcome", "The provider broke off")
      await comeBackTooLate(page)
      await page.click('#durable [data-action="fail"]')
      await waitForText(page, "#durable .badge", "failed")
      for (const scenario of ["Tool calls", "Reasoning", "Error halfway", "Cut halfway", "Only comments"]) {
        await ask(page, scenario)
        await page.locator('#chat [data-action="run"][aria-disabled="false"]').waitFor()
        expect(await brokenWords(page), scenario).toEqual([])
      }
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
    },
  )

  test("the demo's page keeps an ellipsis on the line of its word", { timeout: 480_000 }, async (context) => {
    const { expect } = context
    // The text stays for 500 seconds, which is longer than the test may take.
    const { page } = await openPage(context, 0.005)
    const outcome = page.locator("#native .outcome").filter({ hasText: "Checking that" })
    await outcome.waitFor()
    for (let width = 300; width <= 460; width += 4) {
      await page.setViewportSize({ width, height: 900 })
      const lines = await outcome.evaluate((element) => {
        const text = element.firstChild as Text
        const range = document.createRange()
        const end = text.data.indexOf("…")
        return [end, text.data.slice(0, end).trimEnd().length - 1].map((at) => {
          range.setStart(text, at)
          range.setEnd(text, at + 1)
          return range.getBoundingClientRect().top
        })
      })
      expect(lines[0], `${width} pixels`).toBe(lines[1])
    }
  })

  test(
    "the demo's page shows the ID of an answer once instead of on each row",
    { timeout: 480_000 },
    async (context) => {
      const { expect } = context
      const { page } = await openPage(context)
      await ask(page, "Text")
      await waitForText(page, "#chat .outcome", "Complete:")
      const id = await fact(page, "#chat", "answer")
      expect(id).toMatch(/^chatcmpl-\w+/)
      expect(await textOf(page, "#chat .log")).not.toContain(id.slice(-5))
      expect(await page.locator("#chat .log th").allInnerTexts()).toEqual(["time", "event", "data"])
      expect(await page.locator("#chat dt").allInnerTexts()).not.toContain("Attempts")
      await page.click('#relay [data-action="run"]')
      await waitForText(page, "#browser .outcome", "Complete")
      await waitForText(page, "#provider .outcome", "The complete answer is stored.")
      expect(await fact(page, "#browser", "answer")).toMatch(/^chatcmpl-\w+/)
      expect(await fact(page, "#provider", "answer")).toBe(await fact(page, "#browser", "answer"))
    },
  )

  test("the demo's page does not attribute a failed connection to the relay", { timeout: 480_000 }, async (context) => {
    const { expect } = context
    const { page, demo } = await openPage(context)
    await startTicks(page)
    demo.close()
    await page.click('#relay [data-action="run"]')
    await waitForText(page, "#browser .outcome", "Failed:")
    expect(await textOf(page, "#browser .outcome")).toBe("Failed: there is no connection to the demo’s server.")
    await waitForText(page, "#provider .outcome", "does not report what it read")
    expect(await textOf(page, "#provider .badge")).toBe("unknown")
    await page.locator('#relay [data-action="run"][aria-disabled="false"]').waitFor()
  })
})
