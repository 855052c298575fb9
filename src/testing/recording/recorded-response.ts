/* A response with the same head as another one and a recorded body. */
import { type BodyEvents, recordedBody } from "./recorded-body.ts"

/** Statuses whose response cannot be made with a body. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304])

/** Returns a copy of the response, or the response itself if it has no body that can be read. */
export function recordedResponse(response: Response, events: BodyEvents): Response {
  const { status, statusText, headers, body } = response
  if (typeof body?.getReader !== "function" || body.locked || BODILESS.has(status)) {
    events.onEnd()
    return response
  }
  return withIdentity(new Response(recordedBody(body, events), { status, statusText, headers }), response)
}

/** A constructed response has no URL, and its clone has none. */
function withIdentity(copy: Response, { url, redirected, type }: Response): Response {
  const clone = copy.clone.bind(copy)
  return Object.defineProperties(copy, {
    url: { value: url },
    redirected: { value: redirected },
    type: { value: type },
    clone: { value: () => withIdentity(clone(), { url, redirected, type } as Response) },
  })
}
