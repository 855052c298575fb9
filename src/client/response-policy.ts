/* Law: what the status and the type of a response mean for a subscription. */
import { isEventStreamType, responseError } from "../parser/index.ts"
import { type AttemptContext, discardBody, Misuse, openOrMisuse, type Opened } from "./transport.ts"

/** How long the start of a refused body is waited for, in milliseconds: it is a courtesy to whoever reads the error. */
const MAX_ERROR_BODY_TIME = 1_000

/**
 * What a response opens: 200 with the type of an event stream opens one, 204 ends the subscription.
 *
 * @throws SseResponseError for every other response.
 */
export async function checkStatus(
  response: Response,
  context: AttemptContext,
  url: string = response.url,
): Promise<Opened | undefined> {
  const { status, headers } = response
  if (status === 204) {
    discardBody(response)
    return undefined
  }
  if (status !== 200) return refuse("response", `the status must be 200, not ${status}`, response, context)
  const type = headers.get("content-type")
  if (!isEventStreamType(type)) {
    const found = type === null ? "missing" : `"${type.slice(0, 100)}"`
    const reason = `the content type must be "text/event-stream", not ${found}`
    return refuse("content-type", reason, response, context)
  }
  if (!("body" in response)) throw new Misuse(new TypeError(NO_STREAMS))
  return { source: openOrMisuse(response), info: { status, headers, url } }
}

const NO_STREAMS = "Cannot subscribe: the platform's fetch cannot stream a body; give a function that connects"

async function refuse(
  code: "response" | "content-type",
  reason: string,
  response: Response,
  context: AttemptContext,
): Promise<never> {
  const stop = new AbortController()
  const clear = context.after(MAX_ERROR_BODY_TIME, () => stop.abort())
  try {
    throw await context.interruption.wait(() => responseError(code, reason, response, stop.signal))
  } finally {
    clear()
    stop.abort()
    discardBody(response)
  }
}
