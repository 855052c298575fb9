/* Law: from what a caller gives to pieces of a body: asks for the response, looks at it, and knows how to stop both. */
import type { ProviderErrorBody } from "../../errors.ts"
import { cancelQuietly, ignore } from "../../internal/cancel.ts"
import type { Clock } from "../../internal/clock.ts"
import { parseRetryAfter } from "../../internal/retry-after.ts"
import { isResponse, openSource, responseError, type SourceReader } from "../../parser/index.ts"
import { attachHidden } from "./chunk-error.ts"
import type { ChunkResponse, ChunkSource } from "./chunk-stream.ts"
import { bodyOf, objectIn, providerErrorOf } from "./provider-error.ts"

/** What gives pieces of a body, or, where it `asks`, the response that has one. */
export interface Body extends Pick<SourceReader, "read" | "cancel"> {
  readonly asks?: boolean
}

// How long the body of a refused response is waited for, in milliseconds: it is a courtesy, the status says enough.
const REFUSED_BODY_WAIT = 2_000

/**
 * Opens a source that is no response. Nothing is asked for before the first read.
 *
 * @throws TypeError where it is none, or a locked stream.
 */
export function openBody(source: Exclude<ChunkSource, Response>): Body {
  if (typeof source === "function") return askedBody(source)
  const { then } = (source ?? {}) as Partial<PromiseLike<Response>>
  if (typeof then !== "function") return openSource(source as string)
  const response = Promise.resolve(source as PromiseLike<Response>)
  // Reported by the read that waits for it, or by nobody where there is none.
  response.catch(ignore)
  return askedBody(() => response, response)
}

/** A body whose one read gives the response that `ask` gives, or that is on its way. */
function askedBody(ask: (signal: AbortSignal) => Response | PromiseLike<Response>, asked?: Promise<Response>): Body {
  const controller = new AbortController()
  let response = asked
  // One that comes too late has nobody to read it.
  const discard = (): void => void response?.then((late) => late.body && cancelQuietly(late.body)).catch(ignore)
  const body = openSource({
    async *[Symbol.asyncIterator]() {
      response ??= Promise.resolve(ask(controller.signal))
      if (controller.signal.aborted) discard()
      yield (await response) as never
    },
  })
  return {
    ...body,
    asks: true,
    cancel(reason) {
      body.cancel()
      controller.abort(reason)
      discard()
    },
  }
}

/**
 * Opens the body of a response, whatever its type says.
 *
 * @throws TypeError where it is none, or its body is locked or used.
 */
export function openResponse(response: Response, clock: Clock): Body {
  if (!isResponse(response)) throw new TypeError("Cannot read chunks: the source must give a Response")
  if (!response.ok) return refusedBody(response, clock)
  return openSource(response)
}

/** What is told of a response. */
export function responseOf({ status, headers }: Response): ChunkResponse {
  const names = ["x-request-id", "request-id", "apim-request-id", "x-generation-id"]
  return { status, headers, requestId: names.map((name) => headers.get(name)).find(Boolean) ?? null }
}

/** A body whose one read rejects with what is to be learnt from a response that was refused. */
function refusedBody(response: Response, clock: Clock): Body {
  const stop = new AbortController()
  return {
    read: async () => {
      const timer = clock.setTimeout(() => stop.abort(), REFUSED_BODY_WAIT)
      const error = await responseError(
        "response",
        `the status must be 2xx, not ${response.status}`,
        response,
        stop.signal,
      )
      clock.clearTimeout(timer)
      attachHidden(error, "error", errorIn(error.body))
      throw Object.assign(error, {
        retryAfter: parseRetryAfter(response.headers) ?? null,
        // Unlike a subscription, an answer that conflicts with another one may well succeed when it is asked for again.
        retryable: error.retryable || response.status === 409,
      })
    },
    cancel(reason) {
      stop.abort(reason)
      // Where nothing was read of it; where it is being read, it is locked.
      if (response.body) cancelQuietly(response.body, reason)
    },
  }
}

/** The provider's error in the body of a refused response, `null` where there is none to be found. */
function errorIn(body: string): ProviderErrorBody | null {
  const json = objectIn(body)
  return json ? (providerErrorOf(json, "") ?? ("message" in json ? bodyOf(json, json) : null)) : null
}
