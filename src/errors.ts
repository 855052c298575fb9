/*
 * Law: one family. Everything that fails at run time, other than misuse (TypeError, RangeError) and abort (the signal's
 * own reason), is an SseError whose `code` is on the closed list below. What may hold a payload (a body, a preview, a
 * chunk) is not enumerable and not in the message, so that logging an error prints none of it. The mark that tells the
 * classes across copies has a literal key: with a computed one bundlers keep every class, used or not.
 */

/** Every `code` an {@link SseError} can have. */
export type SseErrorCode =
  | "limit"
  | "connection"
  | "response"
  | "redirect-refused"
  | "content-type"
  | "timeout"
  | "retries-exhausted"
  | "validation"
  | "provider"
  | "malformed"
  | "truncated"
  | "not-a-stream"

/**
 * What every error of this package is. `instanceof` and {@link SseError.is} hold across two copies of the package.
 *
 * @example
 * ```ts
 * import { SseError } from "steadystream"
 * import { subscribe } from "steadystream/client"
 *
 * try {
 *   for await (const event of subscribe("https://example.com/stream", { until: "[DONE]" })) console.log(event.data)
 * } catch (error) {
 *   if (!SseError.is(error)) throw error
 *   console.error(error.code, error.retryable ? "may work later" : "will not work")
 * }
 * ```
 */
export abstract class SseError extends Error {
  /** @internal */ static readonly "~sse": string = "SseError"
  /** The name of the class. */
  abstract override readonly name: string
  /** What failed, on a closed list. */
  readonly code: SseErrorCode
  /** Whether the same request may succeed when it is made again. */
  readonly retryable: boolean

  /** @internal */ constructor(message: string, code: SseErrorCode, retryable: boolean, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.retryable = retryable
  }

  /** Whether `value` is an error of this package, from this copy of it or another. */
  static is(value: unknown): value is SseError {
    return value instanceof SseError
  }

  /** Makes `instanceof` hold for an error that another copy of this package threw. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (Function.prototype[Symbol.hasInstance].call(this, value)) return true
    // A class of a user's own has its own instances only.
    const kind = Object.hasOwn(this, "~sse") ? (value as Partial<SseError> | null | undefined)?.constructor : undefined
    const theirs = (kind as { "~sse"?: unknown } | undefined)?.["~sse"]
    return theirs !== undefined && (this["~sse"] === "SseError" || this["~sse"] === theirs)
  }
}

/** A line, an event or an answer is larger than its limit. The stream is over: what follows is refused. */
export class SseLimitError extends SseError {
  /** @internal */ static override readonly "~sse": string = "SseLimitError"
  override readonly name = "SseLimitError"
  declare readonly code: "limit"
  /** The option that set the limit, such as `"maxLineLength"`. */
  readonly limit: string
  /** Its value: characters where it limits text. */
  readonly max: number

  /** @internal */ constructor(message: string, limit: string, max: number) {
    super(message, "limit", false)
    this.limit = limit
    this.max = max
  }
}

/** No response came, or the connection broke before the end of the stream; `cause` says why. */
export class SseConnectionError extends SseError {
  /** @internal */ static override readonly "~sse": string = "SseConnectionError"
  override readonly name = "SseConnectionError"
  declare readonly code: "connection"

  /** @internal */ constructor(message: string, options: { cause?: unknown; retryable?: boolean } = {}) {
    super(message, "connection", options.retryable ?? true, options.cause)
  }
}

/** The response is no event stream: its status, its type or its redirect was refused. */
export class SseResponseError extends SseError {
  /** @internal */ static override readonly "~sse": string = "SseResponseError"
  override readonly name = "SseResponseError"
  declare readonly code: "response" | "content-type" | "redirect-refused"
  /** The HTTP status. */
  readonly status: number
  /** The response's headers. */
  declare readonly headers: Headers
  /** The start of the body as text, at most 16,384 bytes of it; `""` where it has none. Not enumerable. */
  declare readonly body: string

  /** @internal */ constructor(
    message: string,
    code: "response" | "content-type" | "redirect-refused",
    response: { status: number; headers: Headers; body: string; retryable?: boolean },
  ) {
    super(message, code, response.retryable ?? (code === "response" && isRetryableStatus(response.status)))
    this.status = response.status
    hide(this, { headers: response.headers, body: response.body })
  }
}

/** Something took longer than one of the `timeouts` allows. */
export class SseTimeoutError extends SseError {
  /** @internal */ static override readonly "~sse": string = "SseTimeoutError"
  override readonly name = "SseTimeoutError"
  declare readonly code: "timeout"
  /** The member of `timeouts` that ran out, such as `"idle"`. */
  readonly phase: string
  /** Its value in milliseconds. */
  readonly ms: number

  /** @internal */ constructor(message: string, phase: string, ms: number) {
    super(message, "timeout", true)
    this.phase = phase
    this.ms = ms
  }
}

/** One failed attempt in {@link SseRetryError.attempts}. */
export interface SseFailedAttempt {
  /** How many failures in a row preceded it: 0 for a first request. */
  readonly number: number
  /** Why it failed. */
  readonly error: SseError
  /** Milliseconds on the clock from the start of the subscription to the failure. */
  readonly at: number
}

/** The retry budget is used up; `cause` is the last failure. */
export class SseRetryError extends SseError {
  /** @internal */ static override readonly "~sse": string = "SseRetryError"
  override readonly name = "SseRetryError"
  declare readonly code: "retries-exhausted"
  /** The failed attempts, oldest first, the last 20 of them. */
  readonly attempts: readonly SseFailedAttempt[]

  /** @internal */ constructor(message: string, attempts: readonly SseFailedAttempt[]) {
    super(message, "retries-exhausted", false, attempts.at(-1)?.error)
    this.attempts = attempts
  }
}

/** One reason why data does not fit a contract, as the Standard Schema gives it. Its message may quote the data. */
export interface SseValidationIssue {
  /** What does not fit. */
  readonly message: string
  /** Where in the data. */
  readonly path?: readonly (PropertyKey | Readonly<Record<"key", PropertyKey>>)[] | undefined
}

/** An event does not fit the contract. What may quote its data is not enumerable. */
export class SseValidationError extends SseError {
  /** @internal */ static override readonly "~sse": string = "SseValidationError"
  override readonly name = "SseValidationError"
  declare readonly code: "validation"
  /** The name of the event. Not enumerable. */
  declare readonly event: string
  /** The last event ID at the event, to resume after it; `undefined` where it was to be written. Not enumerable. */
  declare readonly lastEventId: string | undefined
  /** What does not fit; at least one. Not enumerable. */
  declare readonly issues: readonly SseValidationIssue[]
  readonly #cause: unknown

  /** @internal */ constructor(
    message: string,
    of: Pick<SseValidationError, "event" | "lastEventId" | "issues" | "cause">,
  ) {
    super(message, "validation", false)
    hide(this, { event: of.event, lastEventId: of.lastEventId, issues: of.issues })
    this.#cause = of.cause
  }

  /** What the codec or the schema threw. Measured: Node and Bun print a cause of its own, but not an inherited one. */
  override get cause(): unknown {
    return this.#cause
  }
}

/** An error that the provider reported inside its stream, in one shape whatever the provider's was. */
export interface ProviderErrorBody {
  /** What went wrong, in words. */
  readonly message: string
  /** The kind of error, such as `"server_error"`. */
  readonly type: string | null
  /** What exactly it is, such as `"rate_limit_exceeded"`; a number comes as text. */
  readonly code: string | null
  /** The parameter of the request that is at fault. */
  readonly param: string | null
  /** The HTTP status that the error names, where it names one. */
  readonly status: number | null
  /** The error as the provider sent it. */
  readonly raw: unknown
}

/** The provider reported an error inside its stream. */
export class SseProviderError extends SseError {
  /** @internal */ static override readonly "~sse": string = "SseProviderError"
  override readonly name = "SseProviderError"
  declare readonly code: "provider"
  /** The error in one shape. Not enumerable. */
  declare readonly error: ProviderErrorBody
  /** The chunk that carried it, as it came. Not enumerable. */
  declare readonly chunk: unknown

  /** @internal */ constructor(message: string, error: ProviderErrorBody, chunk: unknown, retryable = false) {
    super(message, "provider", retryable)
    hide(this, { error, chunk })
  }
}

/** Data that should be JSON is not, `cause` being the platform's own error, or bytes that should be UTF-8 are not. */
export class SseMalformedError extends SseError {
  /** @internal */ static override readonly "~sse": string = "SseMalformedError"
  override readonly name = "SseMalformedError"
  declare readonly code: "malformed"

  /** @internal */ constructor(message: string, cause?: unknown) {
    super(message, "malformed", false, cause)
  }
}

/** The stream ended cleanly, but before its own end mark. */
export class SseTruncatedError extends SseError {
  /** @internal */ static override readonly "~sse": string = "SseTruncatedError"
  override readonly name = "SseTruncatedError"
  declare readonly code: "truncated"
  /** What had not come when it ended, such as `"finish_reason"` or `"until"`. */
  readonly missing: string

  /** @internal */ constructor(message: string, missing: string, retryable = false) {
    super(message, "truncated", retryable)
    this.missing = missing
  }
}

/** The body is something else than an event stream: JSON, a page, plain text. */
export class SseNotAStreamError extends SseError {
  /** @internal */ static override readonly "~sse": string = "SseNotAStreamError"
  override readonly name = "SseNotAStreamError"
  declare readonly code: "not-a-stream"
  /** The body's type as its headers name it, `null` where they do not. */
  readonly contentType: string | null
  /** The start of the body, at most 200 characters. Not enumerable. */
  declare readonly preview: string

  /** @internal */ constructor(message: string, contentType: string | null, preview: string) {
    super(message, "not-a-stream", false)
    this.contentType = contentType
    hide(this, { preview })
  }
}

/** The statuses that say "later", not "no". */
export function isRetryableStatus(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500
}

function hide(error: SseError, members: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(members)) Object.defineProperty(error, name, { value })
}
