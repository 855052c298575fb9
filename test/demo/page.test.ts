import { describe, test } from "vitest"
import { ask, fact, isWithoutChromium, startTicks, textOf, useChromium, waitForText } from "./demo-page.ts"

// The tests run concurrently because they mostly wait for delays that the page shows.
describe.skipIf(isWithoutChromium).concurrent("the demo's page in Chromium", () => {
  const openPage = useChromium()

  test(
    "the demo's page shows the sentence in both readers, and one request of each",
    { timeout: 240_000 },
    async (context) => {
      const { expect } = context
      const { page, errors } = await openPage(context)
      for (const reader of ["#native", "#subscribed"]) {
        await waitForText(page, `${reader} .outcome`, "No second request followed.")
        expect(await textOf(page, `${reader} .words`)).toMatch(
          /^A stream of events is plain text over HTTP, .* done\.$/,
        )
        expect(await fact(page, reader, "requests")).toBe("1")
        expect(await fact(page, reader, "attempts")).toBe("1")
        expect(await textOf(page, `${reader} .badge`)).toBe("done")
      }
      const row = await page.locator("#native .log tbody tr").nth(1).locator("td").allInnerTexts()
      expect(row.slice(1)).toEqual(["message", "2", "stream"])
      expect(row[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3}$/)
      await page.click('#standard [data-action="read"]')
      await waitForText(page, "#subscribed .outcome", "No second request followed.")
      expect(errors).toEqual([])
    },
  )

  test(
    "the demo's page stops at the retry limit, and recovers when it is started again",
    { timeout: 240_000 },
    async (context) => {
      const { expect } = context
      const { page, errors } = await openPage(context)
      await startTicks(page)
      // The page looks by itself, because each wait is short.
      const countdown = page.waitForFunction(() => {
        const isWaiting = document.querySelector("#retry .badge")!.textContent === "waiting"
        return isWaiting && /^\d\.\d s$/.test(document.querySelector('#retry [data-fact="figure"]')!.textContent)
      })
      await page.click('#retry [data-action="server"]')
      await countdown
      await waitForText(page, "#retry .outcome", "Gave up after")
      expect(await textOf(page, "#retry .badge")).toBe("gave up")
      expect(await page.locator("#retry .budget .used").count()).toBe(5)
      const before = Number(await fact(page, "#retry", "id"))
      await page.click('#retry [data-action="server"]')
      await page.click('#retry [data-action="start"]')
      await page.waitForFunction(
        (id) => Number(document.querySelector('#retry [data-fact="id"]')?.textContent) > id,
        before,
      )
      expect(await page.locator("#retry .budget .used").count()).toBe(0)
      // The browser's own messages about refused requests are not errors of the page.
      expect(errors.filter((text) => !text.includes("net::ERR_"))).toEqual([])
    },
  )

  test(
    "the demo's page recovers by itself within the limit, with a full budget",
    { timeout: 240_000 },
    async (context) => {
      const { expect } = context
      const { page } = await openPage(context, 1)
      await startTicks(page)
      await page.selectOption('#retry [data-choice="kind"]', "503")
      await page.click('#retry [data-action="server"]')
      await waitForText(page, "#retry .outcome", "Retry 2 of 5")
      expect(await textOf(page, "#retry .outcome")).toContain("The server answered 503")
      await page.click('#retry [data-action="server"]')
      await waitForText(page, "#retry .badge", "open")
      await page.waitForFunction(() => document.querySelectorAll("#retry .budget .used").length === 0)
    },
  )

  test(
    "the demo's page continues from its last event when it is opened again",
    { timeout: 240_000 },
    async (context) => {
      const { expect } = context
      const { page } = await openPage(context)
      await startTicks(page)
      await page.click('#retry [data-action="server"]')
      await waitForText(page, "#retry .outcome", "Gave up after")
      const before = Number(await fact(page, "#retry", "id"))
      await page.click('#retry [data-action="server"]')
      // A reload would end the request that the server has not got yet.
      await page.waitForSelector('#retry [data-action="server"][aria-checked="true"]')
      await page.reload()
      await page.click('#retry [data-action="start"]')
      await waitForText(page, "#retry .log tbody tr td:nth-child(3)", String(before + 1))
      expect(await textOf(page, "#retry .badge")).toBe("open")
    },
  )

  test("the demo's page says when the demo's server is gone", { timeout: 240_000 }, async (context) => {
    const { expect } = context
    const { page, demo, errors } = await openPage(context)
    await startTicks(page)
    await page.click('#retry [data-action="stop"]')
    demo.close()
    await page.click('#retry [data-action="server"]')
    await waitForText(page, "#retry .outcome", "The demo’s server itself does not answer.")
    await ask(page, "Text")
    await waitForText(page, "#chat .outcome", "Failed:")
    expect(errors.filter((text) => !text.includes("net::ERR_"))).toEqual([])
  })

  test(
    "the demo's page closes the ticking stream on demand and makes no more requests",
    { timeout: 240_000 },
    async (context) => {
      const { expect } = context
      const { page, errors } = await openPage(context)
      await startTicks(page)
      await page.click('#retry [data-action="stop"]')
      await waitForText(page, "#retry .outcome", "Closed.")
      expect(await textOf(page, "#retry .badge")).toBe("closed")
      expect(errors).toEqual([])
    },
  )

  test(
    "the demo's page shows an answer to its end, with finish reason and usage",
    { timeout: 240_000 },
    async (context) => {
      const { expect } = context
      const { page, errors } = await openPage(context)
      await ask(page, "Text")
      await waitForText(page, "#chat .outcome", "Complete: finish reason “stop”.")
      expect(await textOf(page, "#chat .answer")).toMatch(/^Server-sent events are .* at the end\.$/s)
      expect(await fact(page, "#chat", "usage")).toMatch(/^\d+ in, \d+ out$/)
      expect(await textOf(page, "#chat .log tbody tr:last-child")).toContain("[DONE]")
      expect(await page.locator("#chat .reasoning, #chat .calls").filter({ visible: true }).count()).toBe(0)
      expect(errors).toEqual([])
    },
  )

  test("the demo's page shows tool calls and reasoning beside the text", { timeout: 240_000 }, async (context) => {
    const { expect } = context
    const { page, errors } = await openPage(context)
    await ask(page, "Tool calls")
    await waitForText(page, "#chat .outcome", "Complete: finish reason “tool_calls”.")
    expect(await page.locator("#chat .calls code").allInnerTexts()).toEqual(["find_trains", "get_weather"])
    const inputs = await page.locator("#chat .calls pre").allInnerTexts()
    expect(inputs.map((input) => (JSON.parse(input) as { place?: string }).place)).toEqual([undefined, "Bergen"])
    expect(await textOf(page, "#chat .answer")).toBe("I will look up the trains and the weather.")
    await ask(page, "Reasoning")
    await waitForText(page, "#chat .outcome", "Complete: finish reason “stop”.")
    expect(await page.locator("#chat .calls").isVisible()).toBe(false)
    expect(await textOf(page, "#chat .answer")).toMatch(/^Yes, 2027 is a prime/)
    expect(await textOf(page, "#chat .reasoning p")).toMatch(/^The square root of 2027/)
    await page.click("#chat .reasoning summary")
    expect(await page.locator("#chat .reasoning p").isVisible()).toBe(false)
    expect(errors).toEqual([])
  })

  test(
    "the demo's page chooses a scenario by keyboard, and keeps a message that the user wrote",
    { timeout: 240_000 },
    async (context) => {
      const { expect } = context
      const { page } = await openPage(context)
      await page.locator("#chat .row input").first().focus()
      await page.keyboard.press("ArrowRight")
      expect(await page.inputValue("#message")).toBe("Can two of us get to Bergen tonight?")
      await page.fill("#message", "My own words")
      await page.locator("#chat .row input:checked").focus()
      await page.keyboard.press("ArrowLeft")
      await page.keyboard.press("ArrowLeft")
      expect(await page.locator("#chat .row input:checked").inputValue()).toBe("No end")
      expect(await page.inputValue("#message")).toBe("My own words")
      expect(await textOf(page, "#chat .hint")).toContain("repeats itself for ever")
      expect(await textOf(page, "#chat .clock")).toContain("timeouts.total")
    },
  )

  test(
    "the demo's page cancels in the middle and on demand, and keeps the text so far",
    { timeout: 240_000 },
    async (context) => {
      const { expect } = context
      const { page, errors } = await openPage(context, 0.1)
      await ask(page, "Cancelled halfway")
      await waitForText(page, "#chat .outcome", "Cancelled. Kept:")
      const text = await textOf(page, "#chat .answer")
      expect(text).toMatch(/^Server-sent events are/)
      expect(text).not.toMatch(/at the end\.$/)
      expect(await textOf(page, "#chat .badge")).toBe("cancelled")
      await ask(page, "No end")
      await waitForText(page, "#chat .answer", "Server-sent events are")
      // By key: a click waits for a page whose layout is at rest, and this answer never ends.
      await page.locator('#chat [data-action="cancel"]').press("Enter")
      await waitForText(page, "#chat .outcome", "Cancelled. Kept:")
      expect(errors).toEqual([])
    },
  )

  test("the demo's page shows how an answer was cut, and the text so far", { timeout: 240_000 }, async (context) => {
    const { expect } = context
    const { page, errors } = await openPage(context)
    for (const [label, error, outcome] of [
      [
        "Error halfway",
        "provider, model_overloaded",
        "The provider reported an error: “The model is overloaded and stopped halfway”.",
      ],
      ["Cut halfway", "truncated, no finish_reason", "Cut off: the stream ended before the answer was complete."],
    ] as const) {
      await ask(page, label)
      await waitForText(page, "#chat .outcome", outcome)
      const text = await textOf(page, "#chat .answer")
      expect(text).toMatch(/^Server-sent events are .* ends with a blank line\. The$/)
      expect(await textOf(page, "#chat .outcome")).toContain(`Kept: ${text.length} characters.`)
      expect(await fact(page, "#chat", "error")).toBe(error)
      expect(await textOf(page, "#chat .badge")).toBe("failed")
    }
    expect(errors).toEqual([])
  })

  test("the demo's page shows each timeout, and the answer so far", { timeout: 240_000 }, async (context) => {
    const { expect } = context
    // Slow, because a loaded machine must send the start of each answer in time.
    const { page, errors } = await openPage(context, 1)
    for (const [label, phase, outcome] of [
      ["No response", "connect", "Timed out: no response within 2.0 s. Nothing was received."],
      ["No first token", "firstContent", "Timed out: no first token within 2.0 s. Nothing was received."],
      ["Silence", "idle", "Timed out: no bytes for 2.0 s. Kept:"],
      ["Only comments", "eventIdle", "Timed out: no event for 2.0 s. Kept:"],
      ["Only empty chunks", "contentIdle", "Timed out: no content for 2.0 s. Kept:"],
      ["No end", "total", "Timed out: the answer was not complete after 6.0 s. Kept:"],
    ] as const) {
      await ask(page, label)
      await waitForText(page, "#chat .outcome", outcome)
      expect(await fact(page, "#chat", "error")).toBe(`timeout, ${phase}`)
      expect(await textOf(page, "#chat .badge")).toBe("timed out")
      const text = await textOf(page, "#chat .answer")
      expect(text).toMatch(outcome.endsWith("Nothing was received.") ? /^$/ : /^Server-sent events are/)
    }
    expect(errors).toEqual([])
  })
})
