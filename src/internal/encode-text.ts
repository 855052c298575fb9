let encoder: TextEncoder | undefined

/** Returns `text` as UTF-8. */
export function encodeText(text: string): Uint8Array<ArrayBuffer> {
  encoder ??= new TextEncoder()
  return encoder.encode(text)
}
