/* The flags that describe a request, and the request that they make. No message quotes a URL, a header or a body. */
import type { CommandArguments, Flags } from "./flags.ts"
import { readInput } from "./input.ts"
import { UsageError } from "./usage-error.ts"

export const HEADER_FLAG: Flags = {
  header: {
    type: "string",
    short: "H",
    multiple: true,
    value: "NAME:VALUE",
    about: "Adds a header; @FILE adds those of a file, so that no secret is in the list of processes.",
  },
}

/** The flags of a request. */
export const REQUEST_FLAGS: Flags = {
  ...HEADER_FLAG,
  method: { type: "string", short: "X", value: "METHOD", about: "The method: GET, or POST if there is data." },
  data: {
    type: "string",
    short: "d",
    value: "TEXT",
    about: "The body; @FILE reads it from a file, @- from the input.",
  },
  "last-event-id": { type: "string", value: "ID", about: "Resumes after the event with this ID." },
  retries: {
    type: "string",
    value: "N",
    about: "The most retries in a row: 10. 0 makes one request. A POST is only repeated with this flag.",
  },
  until: { type: "string", value: "TEXT", about: "Ends at the event with exactly this data, such as [DONE]." },
  timeout: { type: "string", value: "SECONDS", about: "Ends everything after this time." },
  idle: { type: "string", value: "SECONDS", about: "Fails an attempt after this time without a byte: 300." },
}

/** A request of the command line. */
export interface RequestOptions {
  readonly url: URL
  readonly method: string
  readonly headers: Headers
  readonly body: string | Uint8Array<ArrayBuffer> | undefined
}

/**
 * Makes the request of the flags `header`, `method` and `data`.
 *
 * @throws UsageError if one of them is wrong.
 */
export async function requestOf(given: CommandArguments, signal: AbortSignal): Promise<RequestOptions> {
  const url = urlOf(given.positionals[0]!)
  const headers = await headersOf(given.list("header"), signal)
  const data = given.text("data")
  const body = data === undefined ? undefined : await contentOf("data", data, signal)
  const method = (given.text("method") ?? (body === undefined ? "GET" : "POST")).toUpperCase()
  if (!/^[A-Z]+$/.test(method) || ["CONNECT", "TRACE", "TRACK", "HEAD"].includes(method)) {
    throw new UsageError('"--method" must be a method whose response has a body, such as POST')
  }
  if (body !== undefined && method === "GET") throw new UsageError('"--data" must not be sent with GET')
  if (body !== undefined && !headers.has("content-type") && isJson(body))
    headers.set("content-type", "application/json")
  return { url, method, headers, body }
}

/** @throws UsageError if `text` is not the URL of a server. */
export function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new UsageError("URL must begin with http:// or https:// and be valid")
  }
  if (url.username !== "" || url.password !== "") {
    throw new UsageError('URL must hold no user and no password: send them with --header "authorization: …"')
  }
  return url
}

async function headersOf(flags: readonly string[], signal: AbortSignal): Promise<Headers> {
  const headers = new Headers()
  for (const flag of flags) {
    const content = await contentOf("header", flag, signal)
    const lines = typeof content === "string" ? [content] : new TextDecoder().decode(content).split(/\r?\n/)
    for (const line of lines) {
      if (line.trim() === "" && flag.startsWith("@")) continue
      const at = line.indexOf(":")
      try {
        if (at < 1) throw new TypeError("no colon")
        headers.append(line.slice(0, at).trim(), line.slice(at + 1).trim())
      } catch {
        throw new UsageError('"--header" must be NAME:VALUE, in the characters that a header may have')
      }
    }
  }
  return headers
}

/** The content of a flag, or the bytes of the file that it names. */
async function contentOf(name: string, value: string, signal: AbortSignal): Promise<string | Uint8Array<ArrayBuffer>> {
  if (!value.startsWith("@")) return value
  try {
    return await readInput(value.slice(1), signal)
  } catch (error) {
    if (error instanceof UsageError || signal.aborted) throw error
    throw new UsageError(`"--${name}" must name a file that can be read: ${(error as NodeJS.ErrnoException).code}`)
  }
}

function isJson(body: string | Uint8Array): boolean {
  try {
    JSON.parse(typeof body === "string" ? body : new TextDecoder().decode(body))
    return true
  } catch {
    return false
  }
}
