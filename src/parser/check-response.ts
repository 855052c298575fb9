/* Checks that a response is an event stream, and makes the error if it is not. */
import { SseResponseError } from "../errors.ts"
import { ignore } from "../internal/cancel.ts"
import { type SourceReader, openReader, type SseChunk, toFailure } from "./source-reader.ts"
import { isResponse, openSource, type SseSource, unusedBody } from "./source.ts"

/** The number of bytes of a refused body that its error keeps. */
const MAX_ERROR_BODY = 16_384
/** The wait for a refused body, in milliseconds. The error needs only its status, so it is not held back longer. */
const MAX_ERROR_BODY_TIME = 1_000

/**
 * Whether a `content-type` is `text/event-stream`, in any letter case and with any parameters. Spec: of several values
 * the last valid one counts (Fetch, "extract a MIME type"); a comma in a quoted string does not separate values.
 */
export function isEventStreamType(contentType: string | null): boolean {
  let essence: string | undefined
  for (const [value] of (contentType ?? "").matchAll(/(?:"(?:\\.|[^"\\])*"?|[^",])+/gs)) {
    const found = /^\s*([\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+)\s*(?:;|$)/.exec(value)?.[1]
    if (found !== undefined && found !== "*/*") essence = found
  }
  return essence?.toLowerCase() === "text/event-stream"
}

/**
 * Opens and locks `source`. If it is a response but not an event stream, returns a reader whose `read` rejects with the
 * error. A 204, and any other 2xx without a body, has no events and needs no content type.
 *
 * @throws TypeError if `source` is not an `SseSource`, or if its body is locked or used.
 */
export function openChecked(source: SseSource): SourceReader {
  if (!isResponse(source)) return openSource(source)
  const { status, ok } = source
  const type = source.headers.get("content-type")
  const isEmpty = unusedBody(source) === null || status === 204
  if (ok && (isEmpty || isEventStreamType(type))) return openSource(source)
  const found = type === null ? "missing" : JSON.stringify(type.slice(0, 100))
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), MAX_ERROR_BODY_TIME)
  const error = ok
    ? responseError("content-type", `the content type must be "text/event-stream", not ${found}`, source, stop.signal)
    : responseError("response", `the status must be 2xx, not ${status}`, source, stop.signal)
  const read = async () => {
    throw await error
  }
  void error.then(() => clearTimeout(timer))
  return { read, toFailure, cancel: (reason) => stop.abort(reason), release: ignore }
}

/** Makes the error with the start of the body; an abort of `stop` ends the reading early and keeps what was read. */
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
  let decoder: TextDecoder | undefined
  let cancel: (() => void) | undefined
  let text = ""
  let room = MAX_ERROR_BODY
  try {
    // A body that cannot be opened throws here, and the text stays empty.
    const chunks = openReader(body!)
    cancel = () => chunks.cancel(stop.reason)
    stop.addEventListener("abort", cancel)
    while (room > 0) {
      const { done, value } = (await chunks.read()) as IteratorResult<SseChunk>
      if (done === true) break
      if (typeof value === "string") text += value.slice(0, room)
      else text += (decoder ??= new TextDecoder()).decode(value.subarray(0, room), { stream: true })
      // An empty chunk counts as one byte, because a body may send empty chunks without end.
      room -= value.length || 1
    }
    text += decoder?.decode() ?? ""
  } catch {
    // A body that breaks must not hide the error of the response.
  }
  if (cancel === undefined) return text
  stop.removeEventListener("abort", cancel)
  cancel()
  return text
}
