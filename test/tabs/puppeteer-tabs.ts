/* Real browsers with tabs: Chromium by its own protocol, Firefox by WebDriver BiDi. Each new tab hides the ones before. */
import { readdirSync, readFileSync } from "node:fs"
import { launch, type Browser, type CDPSession, type Page } from "puppeteer-core"
import { chromiumArguments } from "../support/chromium.ts"
import type { BrowserTab, Stop, TabBrowser } from "./browser-tabs.ts"

type Open = (page: Page) => Promise<Omit<BrowserTab, "evaluate" | "close">>

export async function openChromium(executablePath: string): Promise<TabBrowser> {
  // One process for each tab, so that a crash ends one tab only.
  const args = [...chromiumArguments, "--renderer-process-limit=100"]
  const ignoreDefaultArgs = ["--disable-back-forward-cache"]
  const browser = await launch({ executablePath, headless: true, args, ignoreDefaultArgs })
  return tabsOf("Chromium", browser, async (page) => {
    const session = await page.createCDPSession()
    let stopped: Stop | undefined
    return {
      async stop(how) {
        stopped = how
        await stopInChromium(page, session, how)
      },
      async resume() {
        if (stopped === "pause") await session.send("Debugger.disable")
        else if (stopped === "leave") await page.goBack()
        else await session.send("Page.setWebLifecycleState", { state: "active" })
      },
    }
  })
}

/** Each tab has a process, so that it can be stopped and killed there: Firefox has no other way to freeze a page. */
export async function openFirefox(executablePath: string): Promise<TabBrowser> {
  const extraPrefsFirefox = { "dom.ipc.processCount.webIsolated": 1_000, "dom.ipc.processPrelaunch.enabled": false }
  const browser = await launch({ browser: "firefox", executablePath, headless: true, extraPrefsFirefox })
  const main = browser.process()!.pid!
  const known = new Set(contentProcessesOf(main))
  return tabsOf("Firefox", browser, async (page) => {
    const [pid, ...others] = contentProcessesOf(main).filter((id) => !known.has(id))
    if (pid === undefined || others.length > 0)
      throw new Error("Cannot open a tab: Firefox must start one process for it")
    known.add(pid)
    return {
      async stop(how) {
        if (how === "freeze") process.kill(pid, "SIGSTOP")
        else if (how === "crash") process.kill(pid, "SIGKILL")
        else if (how === "close") await page.close()
        else throw new TypeError(`Cannot stop a tab of Firefox: "how" must be another one than ${how}`)
      },
      resume: async () => void process.kill(pid, "SIGCONT"),
    }
  })
}

/** The processes of pages, by their ids. */
function contentProcessesOf(main: number): number[] {
  const ids = readdirSync("/proc").filter((name) => /^\d+$/.test(name))
  return ids.map(Number).filter((id) => {
    try {
      const parent = Number(/\) \w (\d+)/.exec(readFileSync(`/proc/${id}/stat`, "utf8"))?.[1])
      const command = readFileSync(`/proc/${id}/cmdline`, "utf8")
      return command.includes("-isForBrowser") && isBelow(parent, main)
    } catch {
      // It has ended meanwhile.
      return false
    }
  })
}

function isBelow(id: number, main: number): boolean {
  if (id === main) return true
  if (id <= 1) return false
  return isBelow(Number(/\) \w (\d+)/.exec(readFileSync(`/proc/${id}/stat`, "utf8"))?.[1] ?? 0), main)
}

async function tabsOf(name: string, browser: Browser, open: Open): Promise<TabBrowser> {
  return {
    name,
    version: (await browser.version()).replace(/^\D*/, ""),
    async open(url) {
      const page = await browser.newPage()
      await page.goto(url)
      const { stop, resume } = await open(page)
      return {
        evaluate: async <Value>(expression: string) => (await page.evaluate(expression)) as Value,
        stop,
        resume,
        close: () => page.close(),
      }
    },
    close: () => browser.close(),
  }
}

async function stopInChromium(page: Page, session: CDPSession, how: Stop): Promise<void> {
  if (how === "freeze") await session.send("Page.setWebLifecycleState", { state: "frozen" })
  else if (how === "pause") {
    // The page stops in the middle of its script, without an event before.
    await session.send("Debugger.enable")
    await session.send("Debugger.pause")
  } else if (how === "crash") {
    const crashed = new Promise((resolve) => page.once("error", resolve))
    session.send("Page.crash").catch(() => {})
    await crashed
    await page.close()
  } else if (how === "leave") await page.goto("about:blank")
  else await page.close()
}
