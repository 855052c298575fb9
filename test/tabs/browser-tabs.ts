/* A browser with tabs that share their origin, as a run needs it. */

/**
 * How a tab is stopped: for good by `"close"` and `"crash"`, or until `resume()`. `"leave"` puts its page into the
 * back/forward cache, and `"pause"` stops it without an event before.
 */
export type Stop = "close" | "crash" | "leave" | "freeze" | "pause"

export interface BrowserTab {
  /** Evaluates an expression in the page. */
  evaluate<Value>(expression: string): Promise<Value>
  stop(how: Stop): Promise<void>
  /** Continues a tab that was stopped for a time. */
  resume(): Promise<void>
  close(): Promise<void>
}

export interface TabBrowser {
  readonly name: string
  readonly version: string
  open(url: string): Promise<BrowserTab>
  close(): Promise<void>
}
