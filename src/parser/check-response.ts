/* Law: what makes a response an event stream, and the error that one which is not becomes. */
import { SseResponseError } from "../errors.ts"
import { type SourceReader, openReader, toFailure } from "./source-reader.ts"
import { isResponse, openSource, type SseSource, unusedBody } from "./source.ts"

/** How much of a refused body is kept, in bytes. */
const MAX_ERROR_BODY = 16_384

/** Whether a `content-type` names an event stream: its essence counts, not its case or parameters. */
export function isEventStreamType(contentType: string | null): boolean {
  return /^\s*text\/event-stream\s*(?:;|$)/i.test(contentType ?? "")
}

/**
 * Opens `source`, which is locked from then on; where that is a response that is no event stream, a source whose read
 * rejects with the error. 204, and any other 2xx without a body, has no events, and may well have no type.
 *
 * @throws TypeError where it is none, or its body is locked or used.
 */
export function openChecked(source: SseSource): SourceReader {
  if (!isResponse(source)) return openSource(source)
  const { status, ok } = source
  const type = source.headers.get("content-type")
  const isEmpty = unusedBody(source) === null || status === 204
  if (ok && (isEmpty || isEventStreamType(type))) return openSource(source)
  const found = type === null ? "missing" : JSON.stringify(type.slice(0, 100))
  const stop = new AbortController()
  const error = ok
    ? responseError("content-type", `the content type must be "text/event-stream", not ${found}`, source, stop.signal)
    : responseError("response", `the status must be 2xx, not ${status}`, source, stop.signal)
  return { read: () => error.then(rethrow), toFailure, cancel: (reason) => stop.abort(reason) }
}

function rethrow(error: unknown): never {
  throw error
}

/** Makes the error; `stop` ends the reading of the body early, with what has come. */
export async function responseError(
  code: SseResponseError["code"],
  reason: string,
  response: Response,
  stop: AbortSignal,
): Promise<SseResponseError> {
  const { status, headers } = response
  const body = await readBodyStart(response, stop)
  return new SseResponseError(`Cannot read event stream: ${reason}`, code, { status, headers, body })
}

async function readBodyStart({ body }: Response, stop: AbortSignal): Promise<string> {
  const decoder = new TextDecoder()
  let cancel: (() => void) | undefined
  let text = ""
  let room = MAX_ERROR_BODY
  try {
    // What cannot be opened has nothing to tell.
    const chunks = openReader(body!)
    cancel = () => chunks.cancel(stop.reason)
    stop.addEventListener("abort", cancel)
    while (room > 0) {
      const { done, value } = (await chunks.read()) as IteratorResult<Uint8Array>
      if (done === true) break
      text += decoder.decode(value.subarray(0, room), { stream: true })
      // An empty piece counts, too: there may be no end of them.
      room -= value.length || 1
    }
    text += decoder.decode()
  } catch {
    // The body is a courtesy to whoever reads the error; that it broke must not hide what was wrong with the response.
  }
  if (cancel === undefined) return text
  stop.removeEventListener("abort", cancel)
  cancel()
  return text
}
