import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { type Browser, chromium, type Page } from "playwright"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { chromiumArguments, findChromium } from "../support/chromium.ts"
import { listen } from "../support/listen.ts"
import { bundlePage } from "./bundle-page.ts"
import type { RecipePage } from "./page.ts"

const executablePath = findChromium()
const entries = { React: "react-page.tsx", Vue: "vue-page.ts", Svelte: "svelte-page.ts" } as const

declare const recipe: RecipePage

/** A page, and event streams that the test writes to by their path. */
async function startSite(script: string) {
  const open = new Map<string, Set<ServerResponse>>()
  const requests: string[] = []
  const responsesOf = (path: string) => open.get(path) ?? new Set()
  const stream = ({ url: path }: IncomingMessage, res: ServerResponse) => {
    const responses = responsesOf(path!).add(res)
    open.set(path!, responses)
    requests.push(path!)
    res.once("close", () => responses.delete(res))
    res.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders()
  }
  const pages: Record<string, (res: ServerResponse) => unknown> = {
    "/": (res) =>
      res.setHeader("content-type", "text/html").end('<div id="root"></div><script src="/page.js"></script>'),
    "/page.js": (res) => res.setHeader("content-type", "text/javascript").end(script),
    "/favicon.ico": (res) => res.writeHead(204).end(),
    "/missing": (res) => res.writeHead(404).end(),
  }
  const origin = await listen(createServer((req, res) => void (pages[req.url!]?.(res) ?? stream(req, res))))
  return {
    origin,
    requests,
    connections: (path: string) => responsesOf(path).size,
    write: (path: string, text: string) => responsesOf(path).forEach((res) => res.write(text)),
    cut: (path: string) => responsesOf(path).forEach((res) => res.destroy()),
  }
}

const chunk = (content: string, finish_reason: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason }] })}\n\n`

describe.skipIf(executablePath === undefined).each(Object.entries(entries))(
  "recipes for %s in Chromium",
  (_, entry) => {
    let browser: Browser
    let script: string

    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: executablePath!, args: chromiumArguments })
      script = await bundlePage(entry)
    })

    afterAll(() => browser.close())

    async function open(component: "Ticker" | "Chat", path: string) {
      const site = await startSite(script)
      const page = await browser.newPage()
      const errors: string[] = []
      page.on("pageerror", (error) => errors.push(error.message))
      await page.goto(site.origin)
      await page.evaluate(([name, url]) => recipe.mount(name, url), [component, path] as const)
      return { ...site, page, errors }
    }

    async function shows(page: Page, selector: string, texts: readonly unknown[]): Promise<void> {
      await expect.poll(() => page.locator(selector).allTextContents()).toEqual(texts)
    }

    test("Ticker shows events and the state over one connection, also in StrictMode", async () => {
      const { page, connections, requests, write, errors } = await open("Ticker", "/a")
      await shows(page, "[role=status]", ["open"])
      await expect.poll(() => connections("/a")).toBe(1)
      write("/a", "data: one\n\ndata: two\n\n")
      await shows(page, "li", ["one", "two"])
      expect(requests).toEqual(["/a"])
      expect(errors).toEqual([])
      await page.close()
    })

    test("Ticker closes the connection when its component is unmounted", async () => {
      const { page, connections, errors } = await open("Ticker", "/a")
      await shows(page, "[role=status]", ["open"])
      await page.evaluate(() => recipe.unmount())
      await expect.poll(() => connections("/a")).toBe(0)
      await shows(page, "section", [])
      expect(errors).toEqual([])
      await page.close()
    })

    test("Ticker changes to another URL and shows only its events", async () => {
      const { page, connections, write } = await open("Ticker", "/a")
      await shows(page, "[role=status]", ["open"])
      write("/a", "data: old\n\n")
      await shows(page, "li", ["old"])
      await page.evaluate(() => recipe.setUrl("/b"))
      await expect.poll(() => [connections("/a"), connections("/b")]).toEqual([0, 1])
      write("/b", "data: new\n\n")
      await shows(page, "li", ["new"])
      await shows(page, "[role=status]", ["open"])
      await page.close()
    })

    test("Ticker shows that it waits after a cut, then the events of the next connection", async () => {
      const { page, connections, write, cut } = await open("Ticker", "/a")
      await shows(page, "[role=status]", ["open"])
      write("/a", "retry: 2000\ndata: before\n\n")
      await shows(page, "li", ["before"])
      cut("/a")
      await shows(page, "[role=status]", ["waiting"])
      await expect.poll(() => connections("/a")).toBe(1)
      write("/a", "data: after\n\n")
      await shows(page, "li", ["before", "after"])
      await page.close()
    })

    test("Ticker shows the error that ended the subscription", async () => {
      const { page } = await open("Ticker", "/missing")
      await shows(page, "[role=status]", ["closed"])
      await shows(page, "[role=alert]", [expect.stringContaining("404")])
      await page.close()
    })

    test("Chat shows the growing answer up to its end", async () => {
      const { page, connections, write } = await open("Chat", "/chat")
      await page.getByText("Ask").click()
      await expect.poll(() => connections("/chat")).toBe(1)
      write("/chat", chunk("Hel"))
      await shows(page, "output", ["Hel"])
      await shows(page, "[role=status]", ["streaming"])
      write("/chat", `${chunk("lo", "stop")}data: [DONE]\n\n`)
      await shows(page, "output", ["Hello"])
      await shows(page, "[role=status]", ["done"])
      await page.close()
    })

    test("Chat closes the connection on Cancel and keeps the text", async () => {
      const { page, connections, write } = await open("Chat", "/chat")
      await page.getByText("Ask").click()
      await expect.poll(() => connections("/chat")).toBe(1)
      write("/chat", chunk("Hel"))
      await shows(page, "output", ["Hel"])
      await page.getByText("Cancel").click()
      await shows(page, "[role=status]", ["cancelled"])
      await expect.poll(() => connections("/chat")).toBe(0)
      await shows(page, "output", ["Hel"])
      await shows(page, "[role=alert]", [])
      await page.close()
    })

    test("Chat shows an error and the text so far when the answer is cut", async () => {
      const { page, connections, write, cut } = await open("Chat", "/chat")
      await page.getByText("Ask").click()
      await expect.poll(() => connections("/chat")).toBe(1)
      write("/chat", chunk("Hel"))
      await shows(page, "output", ["Hel"])
      cut("/chat")
      await shows(page, "[role=status]", ["failed"])
      await shows(page, "[role=alert]", [expect.stringContaining("connection")])
      await shows(page, "output", ["Hel"])
      await page.close()
    })

    test("Chat closes the connection when its component is unmounted", async () => {
      const { page, connections, errors } = await open("Chat", "/chat")
      await page.getByText("Ask").click()
      await expect.poll(() => connections("/chat")).toBe(1)
      await page.evaluate(() => recipe.unmount())
      await expect.poll(() => connections("/chat")).toBe(0)
      expect(errors).toEqual([])
      await page.close()
    })
  },
)
