import type { Page } from "playwright"
import { describe, test } from "vitest"
import {
  comeBackTooLate,
  connectReaders,
  fact,
  isWithoutChromium,
  publish,
  startTicks,
  textOf,
  useChromium,
  waitForText,
} from "./demo-page.ts"

/** Returns the ticks and the notes of a reader's log. */
async function rowsOf(page: Page, reader: string): Promise<{ ticks: string[]; notes: string[] }> {
  const rows = (selector: string) => page.locator(`${reader} .log tbody ${selector} td:last-child`).allInnerTexts()
  return { ticks: await rows("tr:not(.note)"), notes: await rows("tr.note") }
}

const ticksFrom = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => `{"tick":${first + index}}`)

/** Returns, at one moment, the number of the cell above each mark and the position that its reader reports. */
const marks = (page: Page) =>
  page.evaluate(() =>
    ["a", "b", "c"].map((reader) => {
      const { left, right } = document.querySelector(`.track[data-reader="${reader}"] b`)!.getBoundingClientRect()
      const middle = (left + right) / 2
      const cell = [...document.querySelectorAll<HTMLElement>("#channel .cells span")].find((element) => {
        const box = element.getBoundingClientRect()
        return box.left <= middle && middle <= box.right
      })
      const reported = document.querySelector(`#reader-${reader} [data-fact="position"]`)!.textContent
      return { reader, drawn: cell?.dataset["number"], reported }
    }),
  )

/** Returns the numbers of the first and the last cell over a span of reader C. */
const cellsOfSpan = (page: Page, kind: string) =>
  page.evaluate((name) => {
    const { left, right } = document.querySelector(`.track [data-kind="${name}"]`)!.getBoundingClientRect()
    const covered = [...document.querySelectorAll<HTMLElement>("#channel .cells span")].filter((element) => {
      const box = element.getBoundingClientRect()
      const middle = (box.left + box.right) / 2
      return left < middle && middle < right
    })
    return [covered[0]?.dataset["number"], covered.at(-1)?.dataset["number"]]
  }, kind)

const numbersOfCells = (page: Page, state: string) =>
  page.locator(`#channel .cells [data-event="${state}"]`).allInnerTexts()

describe.skipIf(isWithoutChromium).concurrent("the channel of the demo's page in Chromium", () => {
  const openPage = useChromium()

  test(
    "the demo's page brings a reader back in time, which gets what it missed exactly once",
    { timeout: 240_000 },
    async (context) => {
      const { expect } = context
      const { page, errors } = await openPage(context)
      await connectReaders(page)
      await publish(page, 2)
      await waitForText(page, '#reader-c [data-fact="position"]', "2")
      for (const [missed, last] of [
        [5, 7],
        [12, 19],
        [0, 19],
      ] as const) {
        await page.click('#channel [data-action="off"]')
        await waitForText(page, "#reader-c .badge", "away")
        await publish(page, missed)
        await waitForText(page, "#reader-c .outcome", "Away. Every event after its cursor is kept")
        await page.click('#channel [data-action="back"]')
        await waitForText(page, "#reader-c .outcome", `Back in time: replayed ${missed} events, and none is missing.`)
        expect((await rowsOf(page, "#reader-c")).ticks).toEqual(ticksFrom(1, last))
        if (missed > 0) expect(await cellsOfSpan(page, "replayed")).toEqual([`${last - missed + 1}`, `${last}`])
        await waitForText(page, "#reader-c .badge", "open")
      }
      expect(errors).toEqual([])
    },
  )

  test(
    "the demo's page brings a reader back too late, and shows the gap and where it resumes",
    { timeout: 240_000 },
    async (context) => {
      const { expect } = context
      const { page, errors } = await openPage(context)
      await comeBackTooLate(page)
      expect(await textOf(page, "#reader-c .outcome")).toBe(
        "Too late: 8 events missing (“trimmed”). It resumed after 9. Replayed 12 events.",
      )
      const { ticks, notes } = await rowsOf(page, "#reader-c")
      expect(ticks).toEqual([...ticksFrom(1, 1), ...ticksFrom(10, 21)])
      expect(notes).toContain("trimmed: resumes after 9")
      expect(await cellsOfSpan(page, "gap")).toEqual(["2", "9"])
      expect(await cellsOfSpan(page, "replayed")).toEqual(["10", "21"])
      expect(await numbersOfCells(page, "gone")).toEqual(Array.from({ length: 9 }, (_, index) => `${index + 1}`))
      expect(errors).toEqual([])
    },
  )

  test(
    "the demo's page draws each reader at the position that it reports, the slow one behind the others",
    { timeout: 240_000 },
    async (context) => {
      const { expect } = context
      // Slow enough that reader B is behind when the marks are compared.
      const { page, origin } = await openPage(context, 0.05)
      await connectReaders(page)
      for (const count of [3, 4]) {
        await publish(page, count)
        await page.waitForFunction(() => {
          const at = (id: string) => document.querySelector(`#reader-${id} [data-fact="position"]`)!.textContent
          return at("a") === at("c") && at("b") !== "0"
        })
        const shown = await marks(page)
        for (const { reader, drawn, reported } of shown) expect(drawn, reader).toBe(reported)
        expect(Number(shown[1]!.reported)).toBeLessThan(Number(shown[0]!.reported))
      }
      const ends = (await (await fetch(`${origin}/api/channel`)).json()) as { last: string }
      expect(ends.last).toMatch(new RegExp(`-${await fact(page, "#reader-a", "position")}$`))
      expect(await numbersOfCells(page, "kept")).toEqual(Array.from({ length: 7 }, (_, index) => `${index + 1}`))
      await publish(page, 20)
      const [older, position] = await page.evaluate(() => [
        document.querySelector<HTMLElement>('.track[data-reader="b"] b')!.dataset["older"],
        document.querySelector('#reader-b [data-fact="position"]')!.textContent,
      ])
      expect(older).toBe(`‹ at ${position}`)
    },
  )

  test(
    "the demo's page connects its readers on demand, and disconnects all of them",
    { timeout: 240_000 },
    async (context) => {
      const { expect } = context
      const { page, errors } = await openPage(context)
      const open = new Set<unknown>()
      page.on("request", (request) => {
        if (new URL(request.url()).pathname === "/channel") open.add(request)
      })
      page.on("requestfinished", (request) => void open.delete(request))
      page.on("requestfailed", (request) => void open.delete(request))
      await startTicks(page)
      expect(open.size).toBe(0)
      await connectReaders(page)
      await expect.poll(() => open.size).toBe(3)
      await page.click('#channel [data-action="stop"]')
      await expect.poll(() => open.size).toBe(0)
      await page.click('#channel [data-action="tick"]')
      await page.click('#channel [data-action="start"]')
      await waitForText(page, '#reader-c [data-fact="position"]', "3")
      expect(errors).toEqual([])
    },
  )
})
