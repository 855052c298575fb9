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

/** The headers that are never recorded. */
const SECRET_HEADERS: ReadonlySet<string> = new Set(["authorization", "cookie", "proxy-authorization", "set-cookie"])

/** The headers whose values are URLs. */
const URL_HEADERS: ReadonlySet<string> = new Set(["content-location", "location", "origin", "referer"])

const REDACTED = "REDACTED"

/** The host that a URL without one gets while it is read. */
const NO_HOST = "http://no-host.invalid"

/** What an entry says of a request. */
export interface RequestFields {
  readonly method: string
  readonly url: string
  readonly headers: Record<string, string>
}

/** What a recording may hold, beside what is always allowed. */
export class Redaction {
  readonly #headers: ReadonlySet<string>
  readonly #parameters: ReadonlySet<string>

  /** @throws TypeError if a list has other values than strings, or if a header is one that is never recorded. */
  constructor(headers?: readonly string[], parameters?: readonly string[]) {
    const names = checkedNames("headers", headers).map((name) => name.toLowerCase())
    const secret = names.find((name) => SECRET_HEADERS.has(name))
    if (secret !== undefined) throw new TypeError(`Cannot use options: "headers" must not have "${secret}"`)
    this.#headers = new Set([...HEADERS, ...names])
    this.#parameters = new Set([...PARAMETERS, ...checkedNames("parameters", parameters)])
  }

  headers(headers: Iterable<readonly [name: string, value: string]>): Record<string, string> {
    const kept: Record<string, string> = {}
    for (const [given, value] of headers) {
      const name = given.toLowerCase()
      if (this.#headers.has(name)) kept[name] = URL_HEADERS.has(name) ? this.url(value) : value
    }
    return kept
  }

  /** @throws TypeError if they are no arguments of `fetch`. */
  request(input: RequestInfo | URL, init: RequestInit | undefined): RequestFields {
    const base = typeof input === "object" && "method" in input ? input : undefined
    const headers = init?.headers ?? base?.headers
    // Headers from an iterator could not be read again by `fetch`.
    const isOnce = typeof (headers as { readonly next?: unknown } | undefined)?.next === "function"
    return {
      method: (init?.method ?? base?.method ?? "GET").toUpperCase(),
      url: this.url(base?.url ?? String(input)),
      headers: isOnce ? {} : this.headers(new Headers(headers)),
    }
  }

  /** An http URL without its user, password, fragment and the values of its parameters; of any other URL, its scheme. */
  url(text: string): string {
    const absolute = parsed(text)
    const url = absolute ?? parsed(text, NO_HOST)
    if (url === undefined) return REDACTED
    if (!/^https?:$/.test(url.protocol)) return `${url.protocol}${REDACTED}`
    const scheme = absolute === undefined ? "" : url.protocol
    const host = absolute === undefined && url.origin === NO_HOST ? "" : `${scheme}//${url.host}`
    return host + url.pathname + this.#query(url.search)
  }

  #query(query: string): string {
    if (query === "") return ""
    const parts = query.slice(1).split("&")
    const kept = parts.map((part) => {
      const [name = ""] = part.split("=", 1)
      if (part === "" || this.#parameters.has(name)) return part
      return part.includes("=") ? `${name}=${REDACTED}` : REDACTED
    })
    return `?${kept.join("&")}`
  }
}

/** The name and the code of an error; its message may hold an address, and other words may be anything. */
export function errorFields(error: unknown): { readonly name: string; readonly code?: string } {
  const { name, code, cause } = (error ?? {}) as Partial<Record<"name" | "code" | "cause", unknown>>
  const known = [code, (cause as { readonly code?: unknown } | null | undefined)?.code].find(isWord)
  return { name: isWord(name) ? name : "Error", ...(known !== undefined && { code: known }) }
}

function checkedNames(option: string, given: readonly string[] | undefined): readonly string[] {
  const names = given ?? []
  if (Array.isArray(names) && names.every((name) => typeof name === "string")) return names
  throw new TypeError(`Cannot use options: "${option}" must be an array of strings`)
}

function isWord(value: unknown): value is string {
  return typeof value === "string" && /^[a-z][\w.-]{0,63}$/i.test(value)
}

function parsed(url: string, base?: string): URL | undefined {
  try {
    return new URL(url, base)
  } catch {
    return undefined
  }
}
