/*
 * Decides which redirects are followed, and what goes along. The platform's fetch sends most headers and the body to
 * another origin, so redirects are followed here if the platform shows them.
 * Spec: https://fetch.spec.whatwg.org/#http-redirect-fetch
 */
import { SseResponseError } from "../errors.ts"
import { discard } from "./discard.ts"
import { httpUrl } from "./http-url.ts"
import { dropBodyHeaders, isOneShot, type PreparedRequest, takesBody } from "./request.ts"

/** The most redirects of one attempt. */
const MAX_HOPS = 5

/** The headers that go to another origin: those that every page may send to it, and the last event ID. */
const KEPT_HEADERS = /^(accept|accept-language|content-language|last-event-id)$/

/** Whether `fetch` shows the status and the location of a redirect, which browsers hide. */
export function showsRedirects(): boolean {
  const { process, Deno, navigator } = globalThis as {
    process?: { versions?: { node?: string }; type?: string }
    Deno?: unknown
    navigator?: { userAgent?: string }
  }
  // Pages of Electron have a process, and the fetch of a browser.
  if (/^(renderer|worker)$/.test(process?.type ?? "")) return false
  return Boolean(process?.versions?.node ?? Deno ?? navigator?.userAgent === "Cloudflare-Workers")
}

/**
 * Turns `request` into the one that follows `response`.
 *
 * @returns Whether there is one: `response` is a redirect.
 * @throws SseResponseError if it must not be followed.
 */
export function followRedirect(request: PreparedRequest, response: Response, hops: number): boolean {
  const { status, headers, type } = response
  const location = /^30[12378]$/.test(`${status}`) ? headers.get("location") : null
  if (location === null && type !== "opaqueredirect") return false
  discard(response)
  const { init } = request
  // Spec: 303, and a POST with 301 or 302, go on as a GET without body.
  if (status === 303 ? takesBody(init.method) : status < 303 && init.method === "POST") {
    init.method = "GET"
    init.body = null
    request.hasBody = false
    dropBodyHeaders(init.headers)
  }
  const url = httpUrl(textOf(location ?? "//"), request.url)
  const reason = hops < MAX_HOPS ? refusalOf(request, url) : `there must be at most ${MAX_HOPS} of them`
  if (reason !== undefined) {
    const refused = { status, headers, body: "", retryable: hops >= MAX_HOPS }
    throw new SseResponseError(`Cannot read event stream: redirect refused, ${reason}`, "redirect-refused", refused)
  }
  if (request.url.origin !== (url as URL).origin) dropPrivateHeaders(request)
  request.url = url as URL
  request.input = undefined
  return true
}

/** Why `request` must not go on to `to`. */
function refusalOf({ url, init, hasBody }: PreparedRequest, to: URL | string): string | undefined {
  if (typeof to === "string") return to
  if (url.protocol > to.protocol) return "the URL must not be http after https"
  if (hasBody && url.origin !== to.origin) return "a body must not go to another origin"
  // Without a body option, the body is that of the Request.
  return hasBody && ((init.body ?? undefined) === undefined || isOneShot(init.body))
    ? '"body" must be sent only once'
    : undefined
}

function dropPrivateHeaders(request: PreparedRequest): void {
  const headers: Headers = request.init.headers
  for (const name of Array.from(headers.keys())) {
    if (KEPT_HEADERS.test(name)) continue
    headers.delete(name)
    request.leftHeaders = true
  }
}

/** The UTF-8 text of a header whose bytes the platform shows as Latin-1 characters; other text is returned as it is. */
function textOf(location: string): string {
  try {
    const bytes = Uint8Array.from(Array.from(location, (character) => character.charCodeAt(0)))
    // eslint-disable-next-line no-control-regex -- why: all Latin-1 characters are bytes
    return /^[\0-\xff]*$/.test(location) ? new TextDecoder("utf-8", { fatal: true }).decode(bytes) : location
  } catch {
    return location
  }
}
