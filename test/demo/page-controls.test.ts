import type { Page } from "playwright"
import { describe, test } from "vitest"
import { ask, fact, isWithoutChromium, startTicks, textOf, useChromium, waitForText } from "./demo-page.ts"

/** The action or ID of the element that has the focus. */
const focused = (page: Page) =>
  page.evaluate(() => {
    const element = document.activeElement as HTMLElement | null
    return element?.dataset["action"] ?? (element?.id || (element as HTMLInputElement | null)?.name) ?? "nothing"
  })

const serverSwitch = '#retry [data-action="server"]'
const waitForSwitch = (page: Page, isUp: boolean) => page.waitForSelector(`${serverSwitch}[aria-checked="${isUp}"]`)

/** Counts the requests for an answer that the page makes from now on. */
function countAnswers(page: Page): { answers: number } {
  const counted = { answers: 0 }
  page.on("request", (request) => void (request.url().endsWith("/v1/chat/completions") && counted.answers++))
  return counted
}

describe.skipIf(isWithoutChromium).concurrent("the controls of the demo's page in Chromium", () => {
  const openPage = useChromium()

  test("the demo's page follows the server switch of another tab", { timeout: 240_000 }, async (context) => {
    const { expect } = context
    const { page, openTab } = await openPage(context)
    const other = await openTab()
    await startTicks(other)
    await other.click('#retry [data-action="stop"]')
    await waitForText(other, "#retry .badge", "closed")
    await page.selectOption('#retry [data-choice="kind"]', "503")
    await other.waitForFunction(
      () => document.querySelector<HTMLSelectElement>('#retry [data-choice="kind"]')!.value === "503",
    )
    await page.click(serverSwitch)
    await waitForSwitch(other, false)
    expect(await other.inputValue('#retry [data-choice="kind"]')).toBe("503")
    await other.click(serverSwitch)
    await waitForSwitch(page, true)
  })

  test("the demo's page follows a change of the server from another browser", { timeout: 240_000 }, async (context) => {
    const { expect } = context
    // So slow that the page still retries when its server is back.
    const { page, origin } = await openPage(context, 0.5)
    const setDown = (down: boolean) => fetch(`${origin}/api/outage`, { method: "POST", body: JSON.stringify({ down }) })
    await startTicks(page)
    await setDown(true)
    await waitForSwitch(page, false)
    await setDown(false)
    await waitForSwitch(page, true)
    await page.click('#retry [data-action="stop"]')
    await waitForText(page, "#retry .badge", "closed")
    await setDown(true)
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")))
    await waitForSwitch(page, false)
    expect(await textOf(page, "#retry .badge")).toBe("closed")
  })

  test("the demo's page keeps the focus on the button that was pressed", { timeout: 240_000 }, async (context) => {
    const { expect } = context
    const { page } = await openPage(context, 0.1)
    const counted = countAnswers(page)
    await page.locator("#chat .row label").filter({ hasText: "No end" }).click()
    await page.focus('#chat [data-action="run"]')
    await page.keyboard.press("Enter")
    await page.waitForSelector('#chat [data-action="run"][aria-disabled="true"]')
    expect(await focused(page)).toBe("run")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await waitForText(page, "#chat .outcome", "Cancelled.")
    expect(await focused(page)).toBe("cancel")
    expect(counted.answers).toBe(1)
    for (const [action, state] of [
      ["start", "open"],
      ["stop", "closed"],
    ] as const) {
      await page.focus(`#retry [data-action="${action}"]`)
      await page.keyboard.press("Enter")
      await waitForText(page, "#retry .badge", state)
      expect(await focused(page)).toBe(action)
    }
    await page.focus('#relay [data-action="cut"]')
    await page.keyboard.press("Enter")
    await waitForText(page, "#browser .outcome", "Failed:")
    expect(await focused(page)).toBe("cut")
  })

  test(
    "the demo's page keeps the focus and the scenario while an answer runs",
    { timeout: 240_000 },
    async (context) => {
      const { expect } = context
      const { page } = await openPage(context, 0.1)
      await page.locator("#chat .row label").filter({ hasText: "No end" }).click()
      await page.keyboard.press("Enter")
      await waitForText(page, "#chat .answer", "Server-sent events")
      expect(await focused(page)).toBe("scenario")
      await page.keyboard.press("ArrowLeft")
      // By event: a click waits for a page whose layout is at rest, and this answer never ends.
      await page.locator("#chat .row label").filter({ hasText: "Tool calls" }).dispatchEvent("click")
      expect(await page.inputValue("#chat .row input:checked")).toBe("No end")
      expect(await textOf(page, "#chat .hint")).toContain("repeats itself for ever")
      // By key, for the same reason.
      await page.locator('#chat [data-action="cancel"]').press("Enter")
      await waitForText(page, "#chat .outcome", "Cancelled.")
      await ask(page, "Tool calls")
      await waitForText(page, "#chat .outcome", "Complete: finish reason “tool_calls”.")
    },
  )

  test("the demo's page stays small while an answer does not end", { timeout: 240_000 }, async (context) => {
    const { expect } = context
    const { page } = await openPage(context, 0.1, {}, 1)
    await page.locator("#chat .row label").filter({ hasText: "No end" }).click()
    await page.keyboard.press("Enter")
    // Until the page has removed the start of the text. Then in one step, because the answer goes on.
    await page.waitForFunction(() => document.querySelector("#chat .answer")!.textContent.startsWith("…"))
    const [pieces, rows, plainText] = await page.evaluate(() => [
      document.querySelectorAll("#chat .answer > *").length,
      document.querySelectorAll("#chat .log tbody tr").length,
      document.querySelector("#chat .answer")!.firstChild!.nodeValue!.length,
    ])
    expect(pieces).toBeLessThanOrEqual(128)
    expect(rows).toBeLessThanOrEqual(200)
    expect(plainText).toBe("…".length + 8192)
    await page.locator('#chat [data-action="cancel"]').press("Enter")
    await waitForText(page, "#chat .outcome", "Cancelled.")
  })

  test("the demo's page refuses an empty message with a hint", { timeout: 240_000 }, async (context) => {
    const { expect } = context
    const { page } = await openPage(context)
    const counted = countAnswers(page)
    for (const message of ["", " \n "]) {
      await page.fill("#message", message)
      await page.click('#chat [data-action="run"]')
      expect(await textOf(page, "#message-hint")).toBe("Write a message first.")
      expect(await page.getAttribute("#message", "aria-invalid")).toBe("true")
      expect(await page.getAttribute("#message", "aria-describedby")).toBe("message-hint")
      expect(await focused(page)).toBe("message")
    }
    expect(counted.answers).toBe(0)
    await page.locator("#chat .chip").last().click()
    expect(await page.getAttribute("#message", "aria-invalid")).toBe("false")
    expect(await textOf(page, "#message-hint")).toContain("Ctrl+Enter")
    await page.click('#chat [data-action="run"]')
    await waitForText(page, "#chat .answer", "One line, then one more,")
  })

  test.for(["Control+Enter", "Meta+Enter"])(
    "the demo's page sends the message on %s in its field",
    { timeout: 240_000 },
    async (keys, context) => {
      const { expect } = context
      const { page } = await openPage(context)
      const counted = countAnswers(page)
      await page.fill("#message", "A haiku")
      await page.keyboard.press("Enter")
      expect(counted.answers).toBe(0)
      await page.keyboard.press(keys)
      await waitForText(page, "#chat .outcome", "Complete:")
      expect(counted.answers).toBe(1)
      expect(await focused(page)).toBe("message")
      await page.fill("#message", "")
      await page.keyboard.press(keys)
      expect(await textOf(page, "#message-hint")).toBe("Write a message first.")
    },
  )

  test("the demo's page says after which ID it resumed", { timeout: 240_000 }, async (context) => {
    const { expect } = context
    const { page } = await openPage(context)
    await startTicks(page)
    expect(await textOf(page, "#retry .log tbody")).not.toContain("resumed")
    await page.click('#retry [data-action="stop"]')
    await waitForText(page, "#retry .badge", "closed")
    const id = await fact(page, "#retry", "id")
    const asked = page.waitForRequest((request) => request.url().endsWith("/ticks"))
    await page.reload()
    await startTicks(page)
    expect(await (await asked).headerValue("last-event-id")).toBe(id)
    const row = await page.locator("#retry .log tbody tr").first().locator("td").allInnerTexts()
    expect(row.slice(1)).toEqual(["resumed", `after id ${id}`])
  })
})
