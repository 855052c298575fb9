import { mkdir, writeFile } from "node:fs/promises"
import { pathToFileURL } from "node:url"
import { type Browser, chromium as playwright } from "playwright"
import { EventSource } from "steadystream/eventsource"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { bundle } from "../support/bundle.ts"
import { chromiumArguments, findChromium } from "../support/chromium.ts"
import { type ScenarioServer, startScenarioServer } from "../support/scenario-server.ts"
import { followFeed } from "./replaced/browser-app.ts"
import type * as packageProgram from "./replaced/package-program.ts"
import { type PlayedScript, play, type Reply } from "./script.ts"

const executablePath = findChromium()
const never = new AbortController().signal

let server: ScenarioServer
beforeAll(async () => {
  server = await startScenarioServer()
})
afterAll(() => server.close())

function script(replies: readonly Reply[]): Promise<PlayedScript> {
  return play(server.origins, replies, never)
}

const feed: readonly Reply[] = [
  { body: ['retry: 100\nid: 1\ndata: hello\n\nevent: price\ndata: {"amount":7}\n\n'] },
  { body: ["data: again\n\nevent: error\ndata: on purpose\n\nevent: goodbye\ndata\n\ndata: too late\n\n"] },
]
const feedLines = [
  "open: true",
  "message: hello (1) true",
  "price: 7 to true",
  "error: reconnecting",
  "open: true",
  "message: again (1) true",
  "the server reports: on purpose",
  "goodbye: true",
]

describe("EventSource instead of the package eventsource", () => {
  async function run(alias: Record<string, string>, name: string): Promise<string[]> {
    const code = await bundle("test/eventsource/replaced/package-program.ts", {
      format: "esm",
      platform: "node",
      alias,
    })
    const file = `.cache/eventsource/${name}.mjs`
    await mkdir(".cache/eventsource", { recursive: true })
    await writeFile(file, code)
    const program = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as typeof packageProgram
    const played = await script([
      { body: ["retry: 100\nid: ä\nevent: notice\ndata: 1\n\n"] },
      { body: ["event: notice\ndata: 2\n\nevent: end\ndata\n\nevent: notice\ndata: 3\n\n"] },
      { status: 401, type: "text/plain", body: ["no"] },
    ])
    const lines = await program.followWithToken(played.url, "secret")
    const requests = await played.seen()
    return [
      ...lines,
      ...requests.map(({ headers }) => `${headers["authorization"]} ${headers["accept"]} ${headers["last-event-id"]}`),
    ]
  }

  test("EventSource with a fetch option behaves as the package does in a program", async () => {
    const ours = await run({ eventsource: "steadystream/eventsource" }, "ours")
    expect(ours).toEqual(await run({}, "theirs"))
    expect(ours).toEqual([
      "true text/event-stream",
      "true text/event-stream",
      "open: 1",
      "notice: 1 (ä)",
      "error: 0 undefined",
      "open: 1",
      "notice: 2 (ä)",
      "refused: 401 string true",
      "Bearer secret text/event-stream undefined",
      "Bearer secret text/event-stream Ã¤",
      "undefined text/event-stream undefined",
    ])
  })
})

describe("EventSource instead of the browser's class", () => {
  test("EventSource runs code for a page in Node", async () => {
    globalThis.EventSource = EventSource
    expect(await followFeed((await script(feed)).url)).toEqual(feedLines)
  })
})

describe.skipIf(executablePath === undefined).each(["ours", "the browser's own"])(
  "EventSource in a page: %s",
  (whose) => {
    let browser: Browser
    const replaces = whose === "ours"

    beforeAll(async () => {
      browser = await playwright.launch({ executablePath: executablePath!, args: chromiumArguments })
      server.addPage("/favicon.ico", "image/x-icon", "")
      server.addPage("/class.js", "text/javascript", await bundle("test/eventsource/replaced/global-class.ts"))
      server.addPage("/htmx.js", "text/javascript", await bundle("test/eventsource/replaced/htmx-page.ts"))
      const app = await bundle("test/eventsource/replaced/browser-app.ts", { globalName: "app" })
      server.addPage("/app.js", "text/javascript", app)
    }, 60_000)
    afterAll(async () => browser?.close())

    async function openPage(name: string, body: string) {
      const path = `/${name}-${replaces}`
      const head = `<!doctype html><meta charset="utf-8"><title>${name}</title>`
      server.addPage(path, "text/html", `${head}${replaces ? '<script src="/class.js"></script>' : ""}${body}`)
      const page = await browser.newPage()
      await page.goto(`${server.origins[0]}${path}`)
      const isNative = await page.evaluate(() =>
        /\[native code\]/.test(Function.prototype.toString.call(globalThis.EventSource)),
      )
      expect(isNative).toBe(!replaces)
      return page
    }

    test("EventSource runs an app that was written for the browser's class", async () => {
      const page = await openPage("app", '<script src="/app.js"></script>')
      const { url } = await script(feed)
      const lines = await page.evaluate(
        (target) => (globalThis as unknown as { app: { followFeed: typeof followFeed } }).app.followFeed(target),
        url,
      )
      expect(lines).toEqual(feedLines)
      await page.close()
    })

    test("EventSource carries htmx's sse extension: swaps, triggers, reconnects, errors and sse-close", async () => {
      const answers = await script([
        { status: 503 },
        { body: ["retry: 100\nid: 1\ndata: <b>one</b>\n\nevent: status\ndata: busy\n\n"] },
        { body: ["data: <b>two</b>\n\nevent: refresh\ndata\n\nevent: bye\ndata\n\n"] },
      ])
      const page = await openPage(
        "htmx",
        `<div id="feed" hx-ext="sse" sse-connect="${new URL(answers.url).pathname}" sse-close="bye">
        <p id="log" sse-swap="message" hx-swap="beforeend"></p>
        <p id="status" sse-swap="status"></p>
        <p id="fragment" hx-get="/fragment" hx-trigger="sse:refresh"></p>
      </div><script src="/htmx.js"></script>`,
      )
      server.addPage("/fragment", "text/html", "<i>fetched</i>")
      await page.waitForFunction(() => (globalThis as unknown as { said: string[] }).said.includes("sseClose message"))
      await page.waitForSelector("#fragment i")
      expect(await page.innerHTML("#log")).toBe("<b>one</b><b>two</b>")
      expect(await page.innerHTML("#status")).toBe("busy")
      const said = await page.evaluate(() => (globalThis as unknown as { said: string[] }).said)
      expect(said).toEqual([
        "sseError",
        "sseOpen",
        "sseMessage message",
        "sseMessage status",
        "sseError",
        "sseOpen",
        "sseMessage message",
        "sseMessage refresh",
        "sseClose message",
      ])
      expect((await answers.seen()).map(({ headers }) => headers["last-event-id"])).toEqual([undefined, undefined, "1"])
      await page.close()
    })
  },
)
