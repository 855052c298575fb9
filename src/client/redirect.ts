/*
 * Law: which redirects are followed. The platform's own fetch takes headers, cursor and body to another origin, so where
 * it shows a redirect the hops are made here. Spec: https://fetch.spec.whatwg.org/#http-redirect-fetch
 */
import { redirectError } from "./transport.ts"
import { BODY_HEADERS, type PreparedRequest } from "./request.ts"

/** The most hops of one attempt. */
export const MAX_HOPS = 5

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** Whether `fetch` shows the status and the location of a redirect here, as no browser does. */
export function showsRedirects(): boolean {
  const { process, Deno, navigator } = globalThis as {
    process?: { versions?: { node?: string }; type?: string }
    Deno?: unknown
    navigator?: { userAgent?: string }
  }
  // Electron's pages have a process, and the fetch of a browser.
  if (process?.type === "renderer" || process?.type === "worker") return false
  return process?.versions?.node !== undefined || Deno !== undefined || navigator?.userAgent === "Cloudflare-Workers"
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
  if (response.type === "opaqueredirect") throw redirectError("the redirect cannot be seen", response)
  const location = REDIRECTS.has(response.status) ? response.headers.get("location") : null
  if (location === null) return undefined
  if (hops >= MAX_HOPS) throw redirectError(`there must be at most ${MAX_HOPS} redirects`, response, true)
  const url = parseLocation(location, request.url)
  if (url === undefined) throw redirectError("the redirect must lead to an http or https URL", response)
  const from = new URL(request.url)
  if (from.protocol === "https:" && url.protocol === "http:") {
    throw redirectError("the redirect must not lead from https to http", response)
  }
  const next = withoutBody(request, response.status)
  if (url.origin !== from.origin && isPrivate(next)) {
    const reason = "the redirect must not take a body, headers, credentials or a last event ID to another origin"
    throw redirectError(reason, response)
  }
  if (next.hasBody && next.oneShot) throw redirectError("the body can be sent only once", response)
  return { ...next, url: url.href, input: undefined }
}

function parseLocation(location: string, base: string): URL | undefined {
  try {
    const url = new URL(location, base)
    const isHttp = url.protocol === "http:" || url.protocol === "https:"
    return isHttp && url.username === "" && url.password === "" ? url : undefined
  } catch {
    return undefined
  }
}

/** Spec: 303, and a POST with 301 or 302, go on as a GET without body. */
function withoutBody(request: PreparedRequest, status: number): PreparedRequest {
  const { method } = request
  const becomesGet =
    (status === 303 && method !== "GET" && method !== "HEAD") ||
    ((status === 301 || status === 302) && method === "POST")
  if (!becomesGet) return request
  const headers = new Headers(request.headers)
  for (const name of BODY_HEADERS) headers.delete(name)
  return { ...request, method: "GET", headers, body: undefined, hasBody: false }
}

function isPrivate(request: PreparedRequest): boolean {
  return request.hasBody || request.hasCallerHeaders || request.hasCursor || request.init.credentials === "include"
}
