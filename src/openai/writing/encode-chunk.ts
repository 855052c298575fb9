import { encodeEvent } from "../../encoder/index.ts"

/** The end mark of a chat or text completion, as the block that follows a whole answer and nothing else. */
export const DONE = "data: [DONE]\n\n"

/** Options of {@link encodeChunk}. */
export interface EncodeChunkOptions {
  /** The event type, as the Responses dialect writes it; no CR or LF. */
  readonly event?: string | undefined
}

/**
 * Encodes one chunk as a block of an event stream: its JSON in one line of data, the blank line included.
 *
 * Line breaks and lone surrogates become JSON escapes, so that a reader gets the very text back. Never writes an `id`.
 *
 * @throws TypeError where `payload` is nothing that JSON can hold, or `event` holds CR or LF.
 * @see https://platform.openai.com/docs/api-reference/chat-streaming
 * @example
 * ```ts
 * import { DONE, encodeChunk } from "steadystream/openai"
 *
 * console.log(encodeChunk({ choices: [{ index: 0, delta: { content: "Hi" } }] }) + DONE)
 * ```
 */
export function encodeChunk(payload: unknown, options: EncodeChunkOptions = {}): string {
  return encodeEvent({ event: options.event, data: jsonOf(payload) })
}

/** The JSON of `payload` in one line. */
export function jsonOf(payload: unknown): string {
  const json = stringify(payload)
  if (json === undefined) throw new TypeError("Cannot encode chunk: the payload must be what JSON can hold")
  return json
}

function stringify(payload: unknown): string | undefined {
  try {
    return JSON.stringify(payload)
  } catch (cause) {
    throw new TypeError("Cannot encode chunk: the payload must be what JSON can hold", { cause })
  }
}
