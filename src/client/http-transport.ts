import type { SubscriptionWarning } from "./hooks.ts"
import type { Attempt } from "./options.ts"
import { redirectedRequest, showsRedirects } from "./redirect.ts"
import { isOneShot, type PreparedRequest, prepareRequest, type RequestPlan } from "./request.ts"
import { checkStatus } from "./response-policy.ts"
import { type AttemptContext, connectionError, discardBody, Misuse, type Opened, type Transport } from "./transport.ts"

/** A transport that makes requests with `fetch`. */
export class HttpTransport implements Transport {
  readonly #plan: RequestPlan
  readonly #onWarning: (warning: SubscriptionWarning) => void
  #warnedOf: string | undefined = undefined

  constructor(plan: RequestPlan, onWarning: (warning: SubscriptionWarning) => void) {
    this.#plan = plan
    this.#onWarning = onWarning
  }

  async open(attempt: Attempt, context: AttemptContext): Promise<Opened | undefined> {
    let request = await prepareRequest(this.#plan, attempt, context, (warning) => {
      if (this.#warnedOf !== attempt.lastEventId) this.#onWarning(warning)
      this.#warnedOf = attempt.lastEventId
    })
    for (let hops = 0; ; hops++) {
      await context.takeTurn()
      const response = await context.interruption.wait(() => this.#send(request, attempt), discardBody)
      if (typeof response?.headers?.get !== "function") throw new Misuse(new TypeError(NO_RESPONSE))
      const next = this.#hopsItself ? redirectedRequest(request, response, hops) : undefined
      if (next === undefined) return checkStatus(response, context, response.url || request.url)
      discardBody(response)
      request = next
    }
  }

  get #hopsItself(): boolean {
    return this.#plan.init.redirect === undefined && showsRedirects()
  }

  async #send(request: PreparedRequest, attempt: Attempt): Promise<Response> {
    const { method, headers, body, input } = request
    const init: RequestInit & { duplex?: "half" } = { ...request.init, headers, signal: attempt.signal }
    if (input === undefined) init.method = method
    if (body !== undefined) init.body = body
    if (isOneShot(body)) init.duplex = "half"
    if (this.#hopsItself) init.redirect = "manual"
    try {
      const { fetch } = this.#plan
      return await fetch(input ?? request.url, init)
    } catch (cause) {
      throw connectionError("no response came", cause)
    }
  }
}

const NO_RESPONSE = 'Cannot open event stream: "fetch" must give a Response'
