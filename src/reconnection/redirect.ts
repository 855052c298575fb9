/*
 * Decides which redirects are followed. The platform's fetch sends headers, last event ID and body to another origin, so
 * redirects are followed here if the platform shows them. Spec: https://fetch.spec.whatwg.org/#http-redirect-fetch
 */
import { SseResponseError } from "../errors.ts"
import { discard } from "./discard.ts"
import { httpUrl } from "./http-url.ts"
import { dropBodyHeaders, isOneShot, type PreparedRequest, takesBody } from "./request.ts"

/** The most redirects of one attempt. */
const MAX_HOPS = 5

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
  const url = httpUrl(location ?? "//", request.url)
  const reason = hops < MAX_HOPS ? refusalOf(request, url) : `there must be at most ${MAX_HOPS} of them`
  if (reason !== undefined) {
    const refused = { status, headers, body: "", retryable: hops >= MAX_HOPS }
    throw new SseResponseError(`Cannot read event stream: redirect refused, ${reason}`, "redirect-refused", refused)
  }
  request.url = url!
  request.input = undefined
  return true
}

/** Why `request` must not go on to `to`. */
function refusalOf({ url, init, hasBody, isPrivate }: PreparedRequest, to: URL | undefined): string | undefined {
  if (!to || url.protocol > to.protocol)
    return "the URL must be http or https, without credentials, and not http after https"
  const isElsewhere = url.origin !== to.origin
  if (isElsewhere && (hasBody || isPrivate || init.credentials === "include")) {
    return "headers, body, credentials and last event ID must not go to another origin"
  }
  // Without a body option, the body is that of the Request.
  return hasBody && ((init.body ?? undefined) === undefined || isOneShot(init.body))
    ? '"body" must be sent only once'
    : undefined
}
