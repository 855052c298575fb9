/* The rules of `lint`: for each its severity, and the page that explains it. The guide lists them, and a test compares the two. */

/** How bad a finding is. Only errors and warnings fail the command. */
export type Severity = "error" | "warning" | "info"

interface Rule {
  readonly severity: Severity
  readonly link: string
}

const HTML = "https://html.spec.whatwg.org/multipage/server-sent-events.html"
const HTTP = "https://www.rfc-editor.org/rfc/rfc9110#section"
const CHAT = "https://platform.openai.com/docs/api-reference/chat-streaming"

export const RULES = {
  "framing/byte-order-mark": { severity: "error", link: `${HTML}#parsing-an-event-stream` },
  "framing/invalid-utf8": { severity: "error", link: `${HTML}#parsing-an-event-stream` },
  "framing/bare-cr": { severity: "warning", link: `${HTML}#parsing-an-event-stream` },
  "framing/unknown-field": { severity: "warning", link: `${HTML}#event-stream-interpretation` },
  "framing/retry": { severity: "warning", link: `${HTML}#event-stream-interpretation` },
  "framing/no-data": { severity: "warning", link: `${HTML}#event-stream-interpretation` },
  "framing/unfinished-event": { severity: "error", link: `${HTML}#event-stream-interpretation` },
  "framing/nul-in-id": { severity: "error", link: `${HTML}#event-stream-interpretation` },
  "headers/status": { severity: "error", link: `${HTML}#processing-model-9` },
  "headers/content-type": { severity: "error", link: `${HTML}#processing-model-9` },
  "headers/no-transform": { severity: "warning", link: "https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2.6" },
  "headers/content-length": { severity: "warning", link: `${HTTP}-8.6` },
  "headers/content-encoding": { severity: "warning", link: `${HTTP}-8.4` },
  "headers/x-accel-buffering": {
    severity: "info",
    link: "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffering",
  },
  "arrival/no-response": { severity: "error", link: `${HTML}#processing-model-9` },
  "arrival/no-body": { severity: "warning", link: `${HTML}#authoring-notes` },
  "arrival/buffered": { severity: "warning", link: `${HTML}#authoring-notes` },
  "arrival/silence": { severity: "warning", link: `${HTML}#authoring-notes` },
  "end/broken": { severity: "error", link: `${HTML}#processing-model-9` },
  "end/broken-and-retried": { severity: "warning", link: `${HTML}#processing-model-9` },
  "end/no-mark": { severity: "error", link: `${HTML}#authoring-notes` },
  "end/incomplete-answer": { severity: "error", link: CHAT },
  "end/no-done": { severity: "warning", link: CHAT },
  "end/malformed-json": { severity: "error", link: CHAT },
  "end/provider-error": { severity: "warning", link: CHAT },
  "ids/unsendable": { severity: "error", link: `${HTML}#the-last-event-id-header` },
  "ids/not-latin1": { severity: "warning", link: `${HTML}#the-last-event-id-header` },
  "ids/duplicate": { severity: "warning", link: `${HTML}#the-last-event-id-header` },
  "ids/missing": { severity: "warning", link: `${HTML}#the-last-event-id-header` },
} as const satisfies Readonly<Record<string, Rule>>

export type RuleId = keyof typeof RULES

/** What a rule has found. */
export interface Finding {
  readonly rule: RuleId
  /** What is wrong and what follows from it, in one or two sentences. It never quotes the stream's data. */
  readonly message: string
  /** The line of the body, from 1. */
  readonly line?: number
  /** The place in the body, in bytes from 0. */
  readonly byte?: number
}
