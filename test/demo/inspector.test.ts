import { readFile } from "node:fs/promises"
import axe from "axe-core"
import type { Page } from "playwright"
import { parseRecording } from "steadystream/testing"
import { describe, test } from "vitest"
import { isWithoutChromium, textOf, useChromium, waitForText } from "./demo-page.ts"
import { findings } from "./findings.ts"

const PANEL = "#inspector"
const example = new URL("../../demo/page/example.jsonl", import.meta.url)

/** Two events over three chunks, one of them cut inside the first one's euro sign. */
const CUT = [
  '{"format":"steadystream-recording","version":1}',
  '{"at":0,"type":"request","request":0,"method":"GET","url":"/a","headers":{}}',
  '{"at":4,"type":"response","request":0,"status":200,"headers":{"content-type":"text/event-stream"}}',
  '{"at":5,"type":"chunk","request":0,"base64":"ZGF0YTog4g=="}',
  '{"at":9,"type":"chunk","request":0,"base64":"gqw="}',
  '{"at":12,"type":"chunk","request":0,"text":"\\n\\ndata: b\\n\\n"}',
  '{"at":13,"type":"error","request":0,"name":"TypeError","code":"ECONNRESET"}',
  "",
].join("\n")

/** Drops a file with this text on the panel. */
async function drop(page: Page, name: string, text: string): Promise<void> {
  const data = await page.evaluateHandle(
    ([file, content]) => {
      const transfer = new DataTransfer()
      transfer.items.add(new File([content!], file!))
      return transfer
    },
    [name, text],
  )
  await page.dispatchEvent(PANEL, "drop", { dataTransfer: data })
}

const record = (page: Page) => page.click(`${PANEL} [data-action="record"]`)
const litBytes = (page: Page) => page.locator(`${PANEL} .piece.lit`).allInnerTexts()
const litRows = (page: Page) => page.locator(`${PANEL} .marks .lit .text`).allInnerTexts()
const rowsOf = (page: Page) => page.locator(`${PANEL} .marks .row`)

describe.skipIf(isWithoutChromium).concurrent("the inspector of the demo's page in Chromium", () => {
  const openPage = useChromium()

  test("the inspector records the streams of each panel while they run", { timeout: 240_000 }, async (context) => {
    const { expect } = context
    const { page, errors } = await openPage(context, 10)
    for (const [panel, event] of [
      ["chat", "message"],
      ["retry", "tick"],
      ["channel", "tick"],
      ["standard", "message"],
      ["relay", "message"],
      ["durable", "message"],
    ] as const) {
      await page.selectOption(`${PANEL} [data-choice="scenario"]`, panel)
      await record(page)
      await rowsOf(page).filter({ hasText: event }).nth(2).waitFor()
      await record(page)
      await waitForText(page, `${PANEL} .outcome`, "Recorded ")
      const requests = panel === "channel" ? "Recorded 3 requests" : "Recorded 1 request,"
      expect(await textOf(page, `${PANEL} .outcome`), panel).toContain(requests)
      const states = await rowsOf(page)
        .locator(".name", { hasText: /^state$/ })
        .count()
      expect(states > 0, panel).toBe(["standard", "retry", "durable"].includes(panel))
    }
    expect(errors).toEqual([])
  })

  test("the inspector ties bytes to their event, and its axis to both", { timeout: 240_000 }, async (context) => {
    const { expect } = context
    const { page, errors } = await openPage(context, 5, {
      viewport: { width: 1280, height: 900 },
      colorScheme: "light",
    })
    // Words that arrive above would move what the mouse is over.
    for (const reader of ["#native", "#subscribed"]) {
      await waitForText(page, `${reader} .outcome`, "No second request followed.")
    }
    await drop(page, "cut.jsonl", CUT)
    await waitForText(page, `${PANEL} .outcome`, "cut.jsonl: 1 request, 3 chunks, 2 events, 13 ms.")
    await rowsOf(page).filter({ hasText: "€" }).hover()
    const joined = (await litBytes(page)).map((text) => text.replaceAll("\n", ""))
    expect(joined).toEqual([String.raw`data: \xe2`, String.raw`\x82\xac`, String.raw`\n\n`])
    expect(await page.locator(`${PANEL} .axis .ring`).count()).toBe(4)
    await page.locator(`${PANEL} .piece`).filter({ hasText: "data: b" }).hover()
    expect(await litRows(page)).toEqual(["b"])
    await page.mouse.move(0, 0)
    await page.focus(`${PANEL} .axis`)
    for (const key of ["Home", "ArrowRight", "ArrowRight", "ArrowRight"]) await page.keyboard.press(key)
    expect(await page.getAttribute(`${PANEL} .axis`, "aria-valuetext")).toBe("4 of 8, 9 ms, GET /a: chunk 2 bytes")
    expect(await litRows(page)).toEqual(["€"])
    expect(await textOf(page, `${PANEL} .detail pre`)).toContain("82 ac")
    expect(await textOf(page, `${PANEL} [data-fact="range"]`)).toBe("7 to 8")
    await page.focus(`${PANEL} .marks`)
    await page.keyboard.press("End")
    expect(await page.locator(`${PANEL} [aria-selected="true"] .text`).innerText()).toBe("TypeError ECONNRESET")
    await page.evaluate(axe.source)
    expect(await findings(page, PANEL)).toEqual([])
    await drop(page, "other.txt", "no recording")
    await waitForText(page, `${PANEL} .outcome`, "other.txt is not shown. Cannot read recording")
    expect(errors).toEqual([])
  })

  test("the inspector filters, saves and copies a recording", { timeout: 240_000 }, async (context) => {
    const { expect } = context
    const { page } = await openPage(context, 5, {
      permissions: ["clipboard-read", "clipboard-write"],
      viewport: { width: 390, height: 900 },
      colorScheme: "dark",
    })
    await page.evaluate(axe.source)
    expect(await findings(page, PANEL)).toEqual([])
    const choosing = page.waitForEvent("filechooser")
    await page.click(`${PANEL} [data-action="open"]`)
    const text = await readFile(example, "utf8")
    await (await choosing).setFiles({ name: "run.jsonl", mimeType: "application/jsonl", buffer: Buffer.from(text) })
    await waitForText(page, `${PANEL} .outcome`, "run.jsonl: 4 requests")
    await page.click(`${PANEL} .code summary`)
    expect(await findings(page, PANEL)).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
    await page.check(`${PANEL} .filter [type="checkbox"]`)
    expect(await textOf(page, `${PANEL} .count`)).toBe("7 shown")
    await page.selectOption(`${PANEL} .filter select`, "tick")
    await waitForText(page, `${PANEL} .no-marks`, "Nothing matches.")
    expect(await findings(page, PANEL)).toEqual([])
    await page.uncheck(`${PANEL} .filter [type="checkbox"]`)
    await page.fill(`${PANEL} .filter [type="search"]`, ":10}")
    expect(await rowsOf(page).locator(".text").allInnerTexts()).toEqual(['{"tick":10}'])
    const saving = page.waitForEvent("download")
    await page.click(`${PANEL} [data-action="save"]`)
    const saved = await readFile(await (await saving).path(), "utf8")
    expect(parseRecording(saved)).toEqual(parseRecording(text))
    await page.click(`${PANEL} [data-action="copy"]`)
    await waitForText(page, `${PANEL} .outcome`, "Copied")
    const copied = await page.evaluate(() => navigator.clipboard.readText())
    expect(copied).toContain("parseRecording(`")
    expect(copied).toContain("replay(recording, { speed: Infinity }).response(0)")
  })
})
