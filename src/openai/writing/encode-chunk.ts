import { encodeEvent } from "../../encoder/index.ts"
import { checkNames } from "../../internal/option-checks.ts"

/** The end mark of a chat or text completion, with its blank line. Write it after a complete answer only, never after an error. */
export const DONE = "data: [DONE]\n\n"

/** Options of {@link encodeChunk}. */
export interface EncodeChunkOptions {
  /**
   * The event type, which the Responses dialect needs. It must not contain a line break.
   * @defaultValue none
   */
  readonly event?: string | undefined
}

/**
 * Encodes one chunk as an event: its JSON text in one `data:` line, and the blank line.
 *
 * JSON escapes line breaks and lone surrogates, so that the reader gets the same text back. Never writes an `id`.
 *
 * @throws TypeError if `payload` has no JSON text, as is so for `undefined`, a BigInt or a cycle, or if `event` contains a
 * line break.
 * @see https://platform.openai.com/docs/api-reference/chat-streaming
 * @example
 * ```ts
 * import { DONE, encodeChunk } from "steadystream/openai"
 *
 * console.log(encodeChunk({ choices: [{ index: 0, delta: { content: "Hi" } }] }) + DONE)
 * ```
 */
export function encodeChunk(payload: unknown, options: EncodeChunkOptions = {}): string {
  checkNames("options", options, { event: 1 })
  return encodeEvent({ event: options.event, data: jsonOf(payload) })
}

/** Returns the JSON text of `payload`, which is one line. */
export function jsonOf(payload: unknown): string {
  const json = stringify(payload)
  if (json === undefined) throw new TypeError("Cannot encode chunk: the payload must have a JSON text")
  return json
}

function stringify(payload: unknown): string | undefined {
  try {
    return JSON.stringify(payload)
  } catch (cause) {
    throw new TypeError("Cannot encode chunk: the payload must have a JSON text", { cause })
  }
}
