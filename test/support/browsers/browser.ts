/** A page of a browser. */
export interface BrowserPage {
  /** Opens a URL and waits until it has loaded. */
  open(url: string): Promise<void>
  /** Returns the value of an expression, which must be JSON. */
  evaluate(expression: string): Promise<unknown>
  close(): Promise<void>
}

/** A browser that was started by this process, with an empty profile. */
export interface RunningBrowser {
  readonly version: string
  newPage(): Promise<BrowserPage>
  /** Ends the browser and everything that was started for it. */
  close(): Promise<void>
}

/** A browser that may be installed on this machine. */
export interface InstalledBrowser {
  /** Its name in tables, such as `Firefox`. */
  readonly name: string
  /** What of it is not installed; `undefined` if everything is. */
  missing(): string | undefined
  start(): Promise<RunningBrowser>
}

/** A page of Playwright or of Puppeteer. */
interface DrivenPage {
  goto(url: string): Promise<unknown>
  evaluate(expression: string): Promise<unknown>
  close(): Promise<void>
}

export function pageOf(page: DrivenPage): BrowserPage {
  return {
    open: async (url) => void (await page.goto(url)),
    evaluate: (expression) => page.evaluate(expression),
    close: () => page.close(),
  }
}

/** Polls a page until the expression is neither null nor undefined, and returns its value. */
export async function waitForValue(page: BrowserPage, expression: string, limit: number): Promise<unknown> {
  const end = Date.now() + limit
  while (Date.now() < end) {
    const value = await page.evaluate(expression)
    if (value !== null && value !== undefined) return value
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error(`the page has no ${expression} after ${limit} ms`)
}
