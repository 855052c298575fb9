/*
 * Law: which redirects are followed. The platform's own fetch takes headers, cursor and body to another origin, so where
 * it shows a redirect the hops are made here. Spec: https://fetch.spec.whatwg.org/#http-redirect-fetch
 */
import { SseResponseError } from "../errors.ts"
import { discard } from "./discard.ts"
import { httpUrl } from "./http-url.ts"
import { dropBodyHeaders, isOneShot, type PreparedRequest, takesBody } from "./request.ts"

/** The most hops of one attempt. */
const MAX_HOPS = 5

const REDIRECT = /^30[12378]$/

/** Whether `fetch` shows the status and the location of a redirect here, as no browser does. */
export function showsRedirects(): boolean {
  const { process, Deno, navigator } = globalThis as {
    process?: { versions?: { node?: string }; type?: string }
    Deno?: unknown
    navigator?: { userAgent?: string }
  }
  // Electron's pages have a process, and the fetch of a browser.
  if (/^(renderer|worker)$/.test(process?.type ?? "")) return false
  return Boolean(process?.versions?.node ?? Deno ?? navigator?.userAgent === "Cloudflare-Workers")
}

/**
 * The request that follows `response`, `undefined` where it is no redirect.
 *
 * @throws SseResponseError where it is one that must not be followed.
 */
export function redirectedRequest(
  request: PreparedRequest,
  response: Response,
  hops: number,
): PreparedRequest | undefined {
  const { status, headers, type } = response
  const location = REDIRECT.test(`${status}`) ? headers.get("location") : null
  if (location === null && type !== "opaqueredirect") return undefined
  discard(response)
  const next = withoutBody(request, status)
  const url = urlOf(location, request.url)
  const reason = hops < MAX_HOPS ? refusalOf(next, url) : `there must be at most ${MAX_HOPS} of them`
  if (reason === undefined) return { ...next, url: url!.href, input: undefined }
  const message = `Cannot follow redirect: ${reason}`
  throw new SseResponseError(message, "redirect-refused", { status, headers, body: "", retryable: hops >= MAX_HOPS })
}

/** Why `request` must not go on to `url`. */
function refusalOf({ url, init, hasBody, isPrivate }: PreparedRequest, to: URL | undefined): string | undefined {
  const from = new URL(url)
  if (to === undefined) return "it must lead to an http or https URL"
  if (from.protocol > to.protocol) return "it must not lead from https to http"
  if (from.origin !== to.origin && (hasBody || isPrivate || init.credentials === "include")) {
    return "it must not take a body, headers, credentials or a last event ID to another origin"
  }
  // Without a body of our own it is the Request's.
  return hasBody && (init.body === undefined || isOneShot(init.body)) ? "the body can be sent only once" : undefined
}

function urlOf(location: string | null, base: string): URL | undefined {
  try {
    return httpUrl(location ?? "//", base, "a redirect")
  } catch {
    return undefined
  }
}

/** Spec: 303, and a POST with 301 or 302, go on as a GET without body. */
function withoutBody(request: PreparedRequest, status: number): PreparedRequest {
  const { method } = request.init
  if (status === 303 ? !takesBody(method) : status > 302 || method !== "POST") return request
  const headers = new Headers(request.init.headers)
  dropBodyHeaders(headers)
  return { ...request, init: { ...request.init, method: "GET", headers, body: null }, hasBody: false }
}
