/* Opens the source of a reading: requests the response, checks it, and cancels both the request and the body. */
import { type ProviderErrorBody, SseConnectionError, SseError, type SseResponseError } from "../../errors.ts"
import { cancelQuietly, ignore } from "../../internal/cancel.ts"
import type { Clock } from "../../internal/clock.ts"
import { parseRetryAfter } from "../../internal/retry-after.ts"
import { isResponse, openSource, responseError, type SourceReader, toConnectionError } from "../../parser/index.ts"
import { setHidden } from "./chunk-error.ts"
import type { ChunkResponse, ChunkSource } from "./chunk-stream.ts"
import { bodyOf, objectIn, providerErrorOf } from "./provider-error.ts"

/** A body that is read piece by piece. */
export interface Body extends Pick<SourceReader, "read" | "cancel">, Partial<Pick<SourceReader, "release">> {
  /** Whether its one read returns a response, whose body has to be opened. */
  readonly isRequest?: boolean
}

// The wait for the body of a refused response, in milliseconds. The body is optional: the status is the error.
const REFUSED_BODY_WAIT = 1_000

/**
 * Opens a source that is not a response. Nothing is requested before the first read.
 *
 * @throws TypeError if it is not a source, or is a locked stream.
 */
export function openBody(source: Exclude<ChunkSource, Response>): Body {
  if (typeof source === "function") return requestBody(source)
  const { then } = (source ?? {}) as Partial<PromiseLike<Response>>
  if (typeof then !== "function") return openSource(source as string)
  const response = Promise.resolve(source as PromiseLike<Response>)
  // A pending read reports the rejection; without one, it must not be an unhandled rejection.
  response.catch(ignore)
  return requestBody(() => response, response)
}

/** A body whose one read returns the response of `request`, or the one that is `pending`. */
function requestBody(
  request: (signal: AbortSignal) => Response | PromiseLike<Response>,
  pending?: Promise<Response>,
): Body {
  const controller = new AbortController()
  let response = pending
  // A response that arrives after the end is not read.
  const discard = (): void => void response?.then((late) => late.body && cancelQuietly(late.body)).catch(ignore)
  const body = openSource({
    async *[Symbol.asyncIterator]() {
      try {
        response ??= Promise.resolve(request(controller.signal))
        if (controller.signal.aborted) discard()
        yield (await response) as never
      } catch (cause) {
        throw requestError(cause)
      }
    },
  })
  return {
    ...body,
    isRequest: true,
    cancel(reason) {
      body.cancel()
      controller.abort(reason)
      discard()
    },
  }
}

/** Returns the error for a request without a response: an abort, a timeout or an SseError as it is. */
function requestError(cause: unknown): unknown {
  if (SseError.is(cause) || toConnectionError(cause) === cause) return cause
  // Node names the reason in the cause of its error, or in the errors of that cause, one for each address.
  const { code, message, errors } = ((cause as Partial<Error> | null)?.cause ??
    cause ??
    {}) as Partial<AggregateError> & {
    readonly code?: unknown
  }
  const { code: first } = (errors?.[0] ?? {}) as { readonly code?: unknown }
  const reason = [code, first, message].find((label) => typeof label === "string" && /^[\w ]{1,40}$/.test(label))
  return new SseConnectionError(`Cannot connect to the provider: ${(reason as string) ?? "the request failed"}`, {
    cause,
  })
}

/**
 * Opens the body of a response, whatever its content type.
 *
 * @throws TypeError if it is not a response, or its body is locked or used.
 */
export function openResponse(response: Response, clock: Clock): Body {
  if (!isResponse(response)) throw new TypeError("Cannot read chunks: the source must return a Response")
  if (!response.ok) return refusedBody(response, clock)
  return openSource(response)
}

/** Returns the part of a response that the consumer sees. */
export function responseOf({ status, headers }: Response): ChunkResponse {
  return { status, headers, requestId: requestIdOf(headers) }
}

function requestIdOf(headers: Headers): string | null {
  const names = ["x-request-id", "request-id", "apim-request-id", "x-generation-id"]
  return names.map((name) => headers.get(name)).find(Boolean) ?? null
}

/** A body whose one read rejects with the error for a refused response. */
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
      throw error
    },
    cancel(reason) {
      stop.abort(reason)
      // If the body is being read, it is locked, and the signal cancels it.
      if (response.body) cancelQuietly(response.body, reason)
    },
  }
}

/** Adds to the error for a refused response what a chunk reader knows of its headers and its body. */
export function describeRefusal(error: SseError): void {
  if (error.code !== "response") return
  const { status, headers, body } = error as SseResponseError
  setHidden(error, "error", errorIn(body))
  Object.assign(error, {
    requestId: requestIdOf(headers),
    retryAfter: parseRetryAfter(headers) ?? null,
    // Unlike a subscription, an answer that conflicts with another one may succeed on a retry.
    retryable: error.retryable || status === 409,
  })
}

/** Returns the provider's error in the body of a refused response, `null` if there is none. */
function errorIn(body: string): ProviderErrorBody | null {
  const json = objectIn(body)
  return json ? (providerErrorOf(json, "") ?? ("message" in json ? bodyOf(json, json) : null)) : null
}
