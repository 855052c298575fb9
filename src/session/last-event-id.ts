/**
 * Decodes the value of a `Last-Event-ID` header, whose bytes are UTF-8. Platforms read header bytes as Latin-1
 * characters. A value that is not UTF-8, or that is decoded already, is returned unchanged; a missing one as `""`.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#last-event-id
 */
export function decodeLastEventId(value: string | null): string {
  if (value === null) return ""
  const bytes = new Uint8Array(value.length)
  let ascii = true
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index)
    if (code > 0xff) return value
    if (code > 0x7f) ascii = false
    bytes[index] = code
  }
  if (ascii) return value
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return value
  }
}
