/**
 * The value of a `Last-Event-ID` header, whose bytes are UTF-8. Platforms give header bytes as Latin-1 characters;
 * what is no UTF-8 read so, or has been decoded already, is kept as it came.
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
