/* Law: how the cursor goes out with a request; an ID that would be altered or refused on the way is not sent. */

/** The longest ID that is sent, in UTF-8 bytes: servers refuse long headers, with 431 and for ever. */
const MAX_ID_BYTES = 4_096

// eslint-disable-next-line no-control-regex -- why: the point is to find control characters.
const ALTERED_IN_HEADER = /[\0-\x1f\x7f]|^ | $/

/**
 * The value of the Last-Event-ID header for `id`, `undefined` where a header cannot carry it.
 *
 * Spec: https://html.spec.whatwg.org/multipage/server-sent-events.html#the-last-event-id-header (its UTF-8 bytes)
 */
export function lastEventIdHeader(id: string): string | undefined {
  if (ALTERED_IN_HEADER.test(id)) return undefined
  if (isAscii(id)) return id.length <= MAX_ID_BYTES ? id : undefined
  const bytes = new TextEncoder().encode(id)
  if (bytes.length > MAX_ID_BYTES) return undefined
  return headersTakeUnicode() ? id : String.fromCharCode(...bytes)
}

/** Whether a query can carry `id`. */
export function fitsQuery(id: string): boolean {
  return id.length <= MAX_ID_BYTES && (isAscii(id) || new TextEncoder().encode(id).length <= MAX_ID_BYTES)
}

function isAscii(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- why: ASCII includes the control characters.
  return /^[\0-\x7f]*$/.test(text)
}

let takeUnicode: boolean | undefined

/** Whether this platform encodes header values itself, as workerd does; the others want bytes as Latin-1 characters. */
function headersTakeUnicode(): boolean {
  if (takeUnicode === undefined) {
    try {
      takeUnicode = new Headers({ "last-event-id": "\u0100" }).has("last-event-id")
    } catch {
      takeUnicode = false
    }
  }
  return takeUnicode
}
