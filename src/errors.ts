/*
 * The errors of this package. Every failure at run time is an SseError with a `code` of the list below; only misuse
 * (TypeError, RangeError) and an abort (the signal's reason) are not. No message and no enumerable property holds a
 * payload (a body, a preview, a chunk), so that logging an error prints none of it.
 */

/** Every `code` an {@link SseError} can have. */
// oxfmt-ignore
export type SseErrorCode =
  | "limit" | "connection" | "response" | "redirect-refused" | "content-type" | "timeout" | "retries-exhausted"
  | "validation" | "provider" | "malformed" | "truncated" | "not-a-stream"
  | "slow-consumer" | "session-closed" | "store-unavailable" | "fenced" | "ended"

/**
 * The base class of every error of this package. `instanceof` and {@link SseError.is} also recognize the errors of
 * another copy of the package.
 *
 * @example
 * ```ts
 * import { SseError } from "steadystream"
 *
 * const mayWorkLater = (error: unknown): boolean => SseError.is(error) && error.retryable
 * ```
 */
export abstract class SseError extends Error {
  // Why a literal key: with a computed key, bundlers keep every class, even an unused one.
  /** @internal */ static readonly "~sse": string = "SseError"
  /** The name of the class. */
  abstract override readonly name: string
  /** The kind of failure, from a closed list. */
  readonly code: SseErrorCode
  /** Whether the same request may succeed if it is repeated. */
  readonly retryable: boolean
  /** If an attempt of a client failed: the consecutive failures before it. Not enumerable. */
  declare readonly attempt?: number
  /** If an attempt of a client failed: the last event ID after it. Not enumerable. */
  declare readonly lastEventId?: string | undefined

  /** @internal */ constructor(message: string, code: SseErrorCode, retryable: boolean, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.retryable = retryable
  }

  /** Whether `value` is an error of this package, from this copy or another copy of it. */
  static is(value: unknown): value is SseError {
    return value instanceof SseError
  }

  /** Makes `instanceof` recognize an error that another copy of this package threw. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (Function.prototype[Symbol.hasInstance].call(this, value)) return true
    // Why `hasOwn`: a subclass defined by a user must recognize only its own instances.
    const kind = Object.hasOwn(this, "~sse") ? (value as Partial<SseError> | null | undefined)?.constructor : undefined
    // Only a function: parsed JSON may imitate everything else.
    const theirs = typeof kind === "function" ? (kind as { readonly "~sse"?: unknown })["~sse"] : undefined
    return theirs !== undefined && (this["~sse"] === "SseError" || this["~sse"] === theirs)
  }
}

/** A line, an event or an answer exceeds its limit. The stream ends here: no further data is read. */
export class SseLimitError extends SseError {
  /** @internal */ static override readonly "~sse": string = "SseLimitError"
  override readonly name = "SseLimitError"
  declare readonly code: "limit"
  /** The option that set the limit, such as `"maxLineLength"`. */
  readonly limit: string
  /** The value of that option; in characters if it limits text. */
  readonly max: number

  /** @internal */ constructor(message: string, limit: string, max: number) {
    super(message, "limit", false)
    this.limit = limit
    this.max = max
  }
}

/** No response arrived, or the connection broke before the end of the stream; `cause` holds the reason. */
export class SseConnectionError extends SseError {
  /** @internal */ static override readonly "~sse": string = "SseConnectionError"
  override readonly name = "SseConnectionError"
  declare readonly code: "connection"

  /** @internal */ constructor(message: string, options: { cause?: unknown; retryable?: boolean } = {}) {
    super(message, "connection", options.retryable ?? true, options.cause)
  }
}

/** The response is not an event stream: its status, its content type or its redirect was refused. */
export class SseResponseError extends SseError {
  /** @internal */ static override readonly "~sse": string = "SseResponseError"
  override readonly name = "SseResponseError"
  declare readonly code: "response" | "content-type" | "redirect-refused"
  /** The HTTP status. */
  readonly status: number
  /** The response's headers. Not enumerable. */
  declare readonly headers: Headers
  /** The start of the body as text, at most 16,384 bytes of it; `""` if there is no body. Not enumerable. */
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

/** A step took longer than its member of `timeouts` allows. */
export class SseTimeoutError extends SseError {
  /** @internal */ static override readonly "~sse": string = "SseTimeoutError"
  override readonly name = "SseTimeoutError"
  declare readonly code: "timeout"
  /** The member of `timeouts` that expired, such as `"idle"`. */
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
  /** The number of consecutive failures before this attempt; 0 for a first request. */
  readonly number: number
  /** The error that the attempt failed with. */
  readonly error: SseError
  /** The time from the start of the subscription to the failure, in milliseconds of the subscription's clock. */
  readonly at: number
  /** The last event ID after the attempt, from which the next one resumes. */
  readonly lastEventId: string
}

/** The retry budget is exhausted; `cause` is the last failure. */
export class SseRetryError extends SseError {
  /** @internal */ static override readonly "~sse": string = "SseRetryError"
  override readonly name = "SseRetryError"
  declare readonly code: "retries-exhausted"
  /** The last 20 failed attempts, oldest first. */
  readonly attempts: readonly SseFailedAttempt[]

  /** @internal */ constructor(message: string, attempts: readonly SseFailedAttempt[]) {
    super(message, "retries-exhausted", false, attempts.at(-1)?.error)
    this.attempts = attempts
  }
}

/** One reason why data does not match a contract, as the Standard Schema reports it. The message may quote the data. */
export interface SseValidationIssue {
  /** The rule that the data breaks. */
  readonly message: string
  /** The path to the failing value in the data. */
  readonly path?: readonly (PropertyKey | Readonly<Record<"key", PropertyKey>>)[] | undefined
}

/** An event does not match the contract. Every property that may quote its data is not enumerable. */
export class SseValidationError extends SseError {
  /** @internal */ static override readonly "~sse": string = "SseValidationError"
  override readonly name = "SseValidationError"
  declare readonly code: "validation"
  /** The name of the event. Not enumerable. */
  declare readonly event: string
  /** The last event ID of the event that was read; `undefined` if the event was to be written. Not enumerable. */
  declare readonly lastEventId: string | undefined
  /** The reasons, at least one. Not enumerable. */
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

  // Measured: Node and Bun print an own `cause`, but not an inherited one.
  /** The error that the codec or the schema threw. Not printed with the error, because it may quote the data. */
  override get cause(): unknown {
    return this.#cause
  }
}

/** An error that the provider reported inside its stream, in one shape for every provider. */
export interface ProviderErrorBody {
  /** The provider's message. */
  readonly message: string
  /** The kind of error, such as `"server_error"`. */
  readonly type: string | null
  /** The exact error, such as `"rate_limit_exceeded"`; a number is converted to text. */
  readonly code: string | null
  /** The parameter of the request that caused the error. */
  readonly param: string | null
  /** The HTTP status that the error names, `null` if it names none. */
  readonly status: number | null
  /** The error as the provider sent it. */
  readonly raw: unknown
}

/** The provider reported an error inside its stream, or the server that a stored answer ended without success. */
export class SseProviderError extends SseError {
  /** @internal */ static override readonly "~sse": string = "SseProviderError"
  override readonly name = "SseProviderError"
  declare readonly code: "provider"
  /** The error, in one shape for every provider. Not enumerable. */
  declare readonly error: ProviderErrorBody
  /** The chunk that carried the error, unchanged. Not enumerable. */
  declare readonly chunk: unknown

  /** @internal */ constructor(message: string, error: ProviderErrorBody, chunk: unknown, retryable = false) {
    super(message, "provider", retryable)
    hide(this, { error, chunk })
  }
}

/** The data is not valid JSON (`cause` is the platform's error), or the bytes are not valid UTF-8. */
export class SseMalformedError extends SseError {
  /** @internal */ static override readonly "~sse": string = "SseMalformedError"
  override readonly name = "SseMalformedError"
  declare readonly code: "malformed"

  /** @internal */ constructor(message: string, cause?: unknown) {
    super(message, "malformed", false, cause)
  }
}

/** The stream ended cleanly, but before its end mark, or the server did not have every event of it. */
export class SseTruncatedError extends SseError {
  /** @internal */ static override readonly "~sse": string = "SseTruncatedError"
  override readonly name = "SseTruncatedError"
  declare readonly code: "truncated"
  /** The part that was missing when the stream ended, such as `"finish_reason"` or `"until"`; `"events"` for events in its middle. */
  readonly missing: string

  /** @internal */ constructor(message: string, missing: string, retryable = false) {
    super(message, "truncated", retryable)
    this.missing = missing
  }
}

/** The body is not an event stream but, for example, JSON, a web page or plain text. */
export class SseNotAStreamError extends SseError {
  /** @internal */ static override readonly "~sse": string = "SseNotAStreamError"
  override readonly name = "SseNotAStreamError"
  declare readonly code: "not-a-stream"
  /** The content type in the response's headers, `null` if it is missing. */
  readonly contentType: string | null
  /** The start of the body, at most 200 characters. Not enumerable. */
  declare readonly preview: string

  /** @internal */ constructor(message: string, contentType: string | null, preview: string) {
    super(message, "not-a-stream", false)
    this.contentType = contentType
    hide(this, { preview })
  }
}

/** Whether a response with this status may succeed if the request is repeated. */
export function isRetryableStatus(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500
}

function hide(error: SseError, members: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(members)) Object.defineProperty(error, name, { value })
}
