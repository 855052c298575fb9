/* What of a request and a response may be recorded: everything else is dropped or replaced. */

/** The headers that hold no secret and explain a stream. */
const HEADERS: readonly string[] = [
  "accept",
  "age",
  "cache-control",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "incremental",
  "last-event-id",
  "location",
  "retry-after",
  "server",
  "transfer-encoding",
  "vary",
  "via",
  "x-accel-buffering",
]

/** The query parameters whose values are kept. */
const PARAMETERS: readonly string[] = ["lastEventId"]

const REDACTED = "REDACTED"

/** What a recording may hold, beside what is always allowed. */
export class Redaction {
  readonly #headers: ReadonlySet<string>
  readonly #parameters: ReadonlySet<string>

  constructor(headers: readonly string[] = [], parameters: readonly string[] = []) {
    this.#headers = new Set([...HEADERS, ...headers.map((name) => name.toLowerCase())])
    this.#parameters = new Set([...PARAMETERS, ...parameters])
  }

  headers(headers: Iterable<readonly [name: string, value: string]>): Record<string, string> {
    const kept: Record<string, string> = {}
    for (const [given, value] of headers) {
      const name = given.toLowerCase()
      if (this.#headers.has(name)) kept[name] = name === "location" ? this.url(value) : value
    }
    return kept
  }

  /** A URL without its user, password, fragment and the values of its parameters. */
  url(url: string): string {
    const [, start = "", query, rest = ""] = /^([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(url) ?? []
    const place = start.replace(/^([a-z][\w+.-]*:)?\/\/[^/@]*@/i, (_, scheme: string = "") => `${scheme}//`)
    return place + this.#query(query) + (rest === "" ? "" : "#")
  }

  #query(query: string | undefined): string {
    if (query === undefined) return ""
    const parts = query.slice(1).split("&")
    const kept = parts.map((part) => {
      const [name = ""] = part.split("=", 1)
      if (part === "" || this.#parameters.has(name)) return part
      return part.includes("=") ? `${name}=${REDACTED}` : REDACTED
    })
    return `?${kept.join("&")}`
  }
}
