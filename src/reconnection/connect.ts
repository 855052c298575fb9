/* Law: how an attempt connects, and what the status and the type of a response mean for a subscription. */
import type { Step } from "../internal/step.ts"
import { type SourceReader, isEventStreamType, isResponse, openSource, responseError } from "../parser/index.ts"
import { check } from "./checks.ts"
import { discard } from "./discard.ts"
import { attempted } from "./failed-attempt.ts"
import type { OpenInfo, SubscriptionWarning } from "./hooks.ts"
import type { Attempt } from "./options.ts"
import { followRedirect, showsRedirects } from "./redirect.ts"
import { prepareRequest } from "./request.ts"
import type { Settings } from "./settings.ts"

/** At most so many requests begin in any second, hops of redirects included, whatever the server and the policy say. */
const MAX_REQUESTS = 10

/** How long the start of a refused body is waited for, in milliseconds: it is a courtesy to whoever reads the error. */
const MAX_ERROR_BODY_TIME = 1_000

const UNSENDABLE: SubscriptionWarning = {
  code: "unsendable-id",
  message: "The last event ID is not sent: no request can carry it unchanged",
}

/** A connection that events come from. */
export type Opened = readonly [source: SourceReader, info: OpenInfo]

/**
 * Opens one attempt; `undefined` where the server says that there is nothing more (204).
 *
 * @throws SseError for a failed attempt; anything else is misuse, which no attempt can mend.
 */
export type Connector = (attempt: Attempt, step: Step) => Promise<Opened | undefined>

/** How the response's headers are told to have come. */
type OnAnswer = () => void

/** What opens the attempts of one subscription. */
export function createConnector({ clock, target, tell, onWarning }: Settings, onAnswer: OnAnswer): Connector {
  /** When the last requests began. */
  const times: number[] = []
  let warnedOf: string | undefined
  const takeTurn = async (step: Step) => {
    if (times.length >= MAX_REQUESTS) {
      await step.sleep(times[0]! + 1_000 - clock.now())
      times.shift()
    }
    times.push(clock.now())
  }
  if (typeof target === "function") {
    return async (attempt, step) => {
      await takeTurn(step)
      const source = await step.wait(() => attempted(() => target(attempt)), discard)
      if (isResponse(source)) return accept(source, step, source.url, onAnswer)
      return [openSource(source), { status: undefined, headers: undefined, url: undefined }]
    }
  }
  return async (attempt, step) => {
    const request = await prepareRequest(target, attempt, times.length === 0, step, () => {
      if (warnedOf !== attempt.lastEventId) tell(onWarning, UNSENDABLE)
      warnedOf = attempt.lastEventId
    })
    const { init } = request
    const hopsItself = init.redirect === undefined && showsRedirects()
    if (hopsItself) init.redirect = "manual"
    const { fetch = globalThis.fetch } = target
    for (let hops = 0; ; hops++) {
      await takeTurn(step)
      const response = await step.wait(
        () => attempted(() => fetch(request.input ?? request.url.href, { ...init })),
        discard,
      )
      check(typeof response?.headers?.get === "function", '"fetch" must give a Response')
      if (!hopsItself || !followRedirect(request, response, hops)) {
        return accept(response, step, response.url || request.url.href, onAnswer)
      }
    }
  }
}

/**
 * What a response opens: 200 with the type of an event stream opens one, 204 ends the subscription.
 *
 * @throws SseResponseError for every other response.
 */
async function accept(response: Response, step: Step, url: string, onAnswer: OnAnswer): Promise<Opened | undefined> {
  const { status, headers } = response
  onAnswer()
  if (status === 204) return discard(response)
  const type = headers.get("content-type")
  const isOk = status === 200
  if (isOk && isEventStreamType(type)) {
    check(isResponse(response), '"fetch" must give a Response with a body stream')
    return [openSource(response), { status, headers, url }]
  }
  const reason = isOk
    ? `the content type must be "text/event-stream", not ${type === null ? "missing" : `"${type.slice(0, 100)}"`}`
    : `the status must be 200, not ${status}`
  const stop = new AbortController()
  step.after("error body", MAX_ERROR_BODY_TIME, () => stop.abort())
  try {
    throw await step.wait(() => responseError(isOk ? "content-type" : "response", reason, response, stop.signal))
  } finally {
    stop.abort()
    discard(response)
  }
}
