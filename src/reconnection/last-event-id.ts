/* Sends the last event ID with a request; an ID that would be altered or refused on the way is not sent. */

/** A surrogate without its other half, which UTF-8 cannot carry. */
const LONE_SURROGATE = /[\ud800-\udfff]/u

/** The longest ID that is sent, in UTF-8 bytes: servers refuse long headers with 431, at every retry. */
const MAX_ID_BYTES = 4_096

// eslint-disable-next-line no-control-regex -- why: the point is to find control characters.
const ALTERED_IN_HEADER = /[\0-\x1f\x7f]|^ | $/

/**
 * Adds `id` to the query of `url` if `param` is set, else to `headers`.
 *
 * @returns Whether it can be sent.
 */
export function sendLastEventId(id: string, url: URL, param: string | undefined, headers: Headers): boolean {
  if (LONE_SURROGATE.test(id)) return false
  const bytes = utf8(id)
  if (bytes.length > MAX_ID_BYTES) return false
  if (param !== undefined) {
    // Not with `searchParams`, which encodes all parameters anew and so breaks a signature over the query.
    const pairs = url.search.split(/^\?|&/).filter((pair, index) => index > 0 && !new URLSearchParams(pair).has(param))
    url.search = [...pairs, new URLSearchParams([[param, id]])].join("&")
    return true
  }
  if (ALTERED_IN_HEADER.test(id)) return false
  headers.set("last-event-id", lastEventIdHeader(id, bytes))
  return true
}

/**
 * Spec: https://html.spec.whatwg.org/multipage/server-sent-events.html#the-last-event-id-header (its UTF-8 bytes)
 *
 * workerd encodes header values itself; other platforms take the bytes as Latin-1 characters.
 */
function lastEventIdHeader(id: string, bytes: string): string {
  try {
    void new Headers({ id: "\u0100" })
    return id
  } catch {
    return bytes
  }
}

/** The UTF-8 bytes of `text` as Latin-1 characters; without TextEncoder, which not every platform has. */
function utf8(text: string): string {
  return encodeURIComponent(text).replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
