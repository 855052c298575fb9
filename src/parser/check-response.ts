/* Law: what makes a response an event stream, and the error that one which is not becomes. */
import { SseResponseError } from "../errors.ts"
import { openChunks } from "./chunk-source.ts"

/** How much of a refused body is kept, in bytes. */
const MAX_ERROR_BODY = 16_384

/** Whether a `content-type` names an event stream: its essence counts, not its case or parameters. */
export function isEventStreamType(contentType: string | null): boolean {
  return /^\s*text\/event-stream\s*(?:;|$)/i.test(contentType ?? "")
}

/** Whether `value` has what this package uses of a Response, of this realm or another. */
export function isResponse(value: unknown): value is Response {
  const response = value as Partial<Response> | null
  return typeof response === "object" && typeof response?.headers?.get === "function" && "body" in response
}

/**
 * The error for a response that is no event stream, with the start of its body; the rest of the body is cancelled.
 * `undefined` for a response that is one, and for an empty one (204).
 */
export function checkResponse(response: Response, stop?: AbortSignal): Promise<SseResponseError> | undefined {
  const { status } = response
  const type = response.headers.get("content-type")
  if (status === 204 || (response.ok && isEventStreamType(type))) return undefined
  if (!response.ok) return responseError("response", `the status must be 2xx, not ${status}`, response, stop)
  const found = type === null ? "missing" : JSON.stringify(type.slice(0, 100))
  return responseError("content-type", `the content type must be "text/event-stream", not ${found}`, response, stop)
}

/** Makes the error; `stop` ends the reading of the body early, with what has come. */
export async function responseError(
  code: SseResponseError["code"],
  reason: string,
  response: Response,
  stop?: AbortSignal,
): Promise<SseResponseError> {
  const { status, headers } = response
  const body = await readBodyStart(response, stop)
  return new SseResponseError(`Cannot read event stream: ${reason}`, code, { status, headers, body })
}

async function readBodyStart(response: Response, stop: AbortSignal | undefined): Promise<string> {
  if (!response.body || response.bodyUsed) return ""
  const chunks = openChunks(response.body)
  const cancel = () => chunks.cancel(stop?.reason)
  stop?.addEventListener("abort", cancel)
  if (stop?.aborted === true) cancel()
  const decoder = new TextDecoder()
  let text = ""
  let room = MAX_ERROR_BODY
  try {
    while (room > 0) {
      const { done, value } = (await chunks.read()) as IteratorResult<Uint8Array>
      if (done === true) break
      text += decoder.decode(value.subarray(0, room), { stream: true })
      room -= value.length
    }
    text += decoder.decode()
  } catch {
    // The body is a courtesy to whoever reads the error; that it broke must not hide what was wrong with the response.
  }
  stop?.removeEventListener("abort", cancel)
  cancel()
  return text
}
