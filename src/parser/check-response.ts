/* Law: what makes a response an event stream, and the error that one which is not becomes. */
import { SseResponseError } from "../errors.ts"
import { cancelQuietly } from "../internal/cancel.ts"

/** How much of a refused body is kept, in bytes. */
export const MAX_ERROR_BODY = 16_384

/** Whether a `content-type` names an event stream: its essence counts, not its case or parameters. */
export function isEventStreamType(contentType: string | null): boolean {
  return contentType?.split(";", 1)[0]?.trim().toLowerCase() === "text/event-stream"
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
  if (response.status === 204) return undefined
  if (!response.ok) {
    return responseError("response", `the status must be 2xx, not ${response.status}`, response, stop)
  }
  const type = response.headers.get("content-type")
  if (isEventStreamType(type)) return undefined
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
  const body = await readBodyStart(response, stop)
  const { status, headers } = response
  return new SseResponseError(`Cannot read event stream: ${reason}`, code, { status, headers, body })
}

type BodyReader = Pick<ReadableStreamDefaultReader<Uint8Array>, "cancel"> & {
  read(): Promise<IteratorResult<Uint8Array, unknown>>
}

function readerOf(body: ReadableStream<Uint8Array>): BodyReader {
  if (typeof (body as Partial<typeof body>).getReader === "function") return body.getReader()
  // node-fetch's body is a Node stream, which is iterable.
  const iterator = (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
  return { read: () => iterator.next(), cancel: async () => void (await iterator.return?.()) }
}

async function readBodyStart(response: Response, stop: AbortSignal | undefined): Promise<string> {
  if (!response.body || response.bodyUsed) return ""
  const reader = readerOf(response.body)
  const cancel = () => cancelQuietly(reader, stop?.reason)
  stop?.addEventListener("abort", cancel)
  if (stop?.aborted === true) cancel()
  const decoder = new TextDecoder()
  let text = ""
  let room = MAX_ERROR_BODY
  try {
    while (room > 0) {
      const { done, value } = await reader.read()
      if (done) break
      text += decoder.decode(value.subarray(0, room), { stream: true })
      room -= value.length
    }
    return text + decoder.decode()
  } catch {
    // The body is a courtesy to whoever reads the error; that it broke must not hide what was wrong with the response.
    return text
  } finally {
    stop?.removeEventListener("abort", cancel)
    cancel()
  }
}
