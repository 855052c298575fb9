/* How an attempt connects, and what the status and the type of a response mean for a subscription. */
import type { Step } from "../internal/step.ts"
import { type SourceReader, isEventStreamType, isResponse, openSource, responseError } from "../parser/index.ts"
import { check } from "./checks.ts"
import { wrapFailure } from "./connection-failure.ts"
import type { Deadlines } from "./deadlines.ts"
import { discard } from "./discard.ts"
import type { OpenInfo, SubscriptionWarning } from "./hooks.ts"
import type { Attempt } from "./options.ts"
import { followRedirect, showsRedirects } from "./redirect.ts"
import { prepareRequest } from "./request.ts"
import type { Settings } from "./settings.ts"

/** The most requests that begin in any second, redirects included, whatever the server and the options ask for. */
const MAX_REQUESTS = 10

/** How long to wait for the start of a refused body, in milliseconds; it only helps the reader of the error. */
const MAX_ERROR_BODY_TIME = 1_000

const LEFT_HEADERS = " (a redirect led to another origin, so the headers of the caller were not sent)"

const UNSENDABLE: SubscriptionWarning = {
  code: "unsendable-id",
  message: "No request can carry the last event ID unchanged",
}

/** A connection that has opened. */
export type Opened = readonly [source: SourceReader, info: OpenInfo]

/** Opens the attempts of one subscription. */
export class Connector {
  readonly #settings: Settings
  readonly #deadlines: Deadlines
  /** When the last requests began. */
  readonly #times: number[] = []
  /** The last event ID that a warning was reported for. */
  #warnedId: string | undefined

  constructor(settings: Settings, deadlines: Deadlines) {
    this.#settings = settings
    this.#deadlines = deadlines
  }

  /**
   * Opens one attempt; returns `undefined` if the server says that nothing follows (204).
   *
   * @throws SseError if the attempt failed; anything else is misuse, which no retry can repair.
   */
  async connect(attempt: Attempt, step: Step): Promise<Opened | undefined> {
    const { target, callHook, onWarning } = this.#settings
    if (typeof target === "function") {
      await this.#takeTurn(step)
      const source = await step.wait(() => wrapFailure(() => target(attempt)), discard)
      if (isResponse(source)) return this.#accept(source, step, source.url, false)
      return [openSource(source), { status: undefined, headers: undefined, url: undefined }]
    }
    const request = await prepareRequest(target, attempt, this.#times.length === 0, step, () => {
      if (this.#warnedId !== attempt.lastEventId) callHook(onWarning, UNSENDABLE)
      this.#warnedId = attempt.lastEventId
    })
    const { init } = request
    const platformFetch = globalThis.fetch
    const { fetch = platformFetch } = target
    // Why only on the platform's own fetch: one of the caller may add secrets, which only the platform can drop at a hop.
    const followsHere = fetch === platformFetch && init.redirect === undefined && showsRedirects()
    if (followsHere) init.redirect = "manual"
    for (let hops = 0; ; hops++) {
      await this.#takeTurn(step)
      const response = await step.wait(
        () => wrapFailure(() => fetch(request.input ?? request.url.href, { ...init })),
        discard,
      )
      check(typeof response?.headers?.get === "function", '"fetch" must return a Response')
      if (!followsHere || !followRedirect(request, response, hops)) {
        return this.#accept(response, step, response.url || request.url.href, request.leftHeaders)
      }
    }
  }

  async #takeTurn(step: Step): Promise<void> {
    const { clock } = this.#settings
    if (this.#times.length >= MAX_REQUESTS) {
      await step.sleep(this.#times[0]! + 1_000 - clock.now())
      this.#times.shift()
    }
    this.#times.push(clock.now())
  }

  /**
   * Opens a response: one with status 200 and the type of an event stream has events, 204 ends the subscription. The
   * option `check` can turn off the check of the type.
   *
   * @throws SseResponseError for every other response.
   */
  async #accept(response: Response, step: Step, url: string, leftHeaders: boolean): Promise<Opened | undefined> {
    const { status, headers } = response
    this.#deadlines.onResponse()
    if (status === 204) return discard(response)
    const type = headers.get("content-type")
    const isOk = status === 200
    if (isOk && (this.#settings.check === false || isEventStreamType(type))) {
      check(isResponse(response), '"fetch" must return a Response with a body stream')
      return [openSource(response), { status, headers, url }]
    }
    const reason = isOk
      ? `the content type must be "text/event-stream", not ${type === null ? "missing" : `"${type.slice(0, 100)}"`}`
      : `the status must be 200, not ${status}${leftHeaders && /^40[13]$/.test(`${status}`) ? LEFT_HEADERS : ""}`
    const stop = new AbortController()
    step.after("body", MAX_ERROR_BODY_TIME, () => stop.abort())
    try {
      throw await step.wait(() => responseError(isOk ? "content-type" : "response", reason, response, stop.signal))
    } finally {
      stop.abort()
      discard(response)
    }
  }
}
