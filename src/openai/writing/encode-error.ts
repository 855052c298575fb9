import { encodeEvent } from "../../encoder/index.ts"
import type { ProviderErrorBody } from "../../errors.ts"
import type { SseEventInit } from "../../event.ts"
import { checkNames, checkOptions } from "../../internal/option-checks.ts"
import { DIALECT, type DialectName } from "../dialects/dialect-name.ts"
import { jsonOf } from "./encode-chunk.ts"

/** Options of {@link encodeError}. */
export interface EncodeErrorOptions {
  /**
   * The dialect.
   * @defaultValue `"chat"`
   */
  readonly dialect?: DialectName | undefined
  /**
   * The number of the event in a Responses stream: one more than the number of the event before it.
   * @defaultValue `0`
   */
  readonly sequenceNumber?: number | undefined
}

/** An error as it is written, with every member. */
export interface WrittenError {
  readonly message: string
  readonly type: string | null
  readonly param: string | null
  readonly code: string | null
}

/**
 * Encodes an error inside a stream, in the shape that the official clients throw as an API error. Write nothing after it,
 * and never the end mark.
 *
 * Members that `error` lacks become those of a server error without details; its `status` and `raw` are never written. In
 * the Responses dialect, the event type is `error`, and the data has the members twice: nested, as OpenAI sends them, and
 * flat, as they are documented.
 *
 * @see https://platform.openai.com/docs/guides/error-codes
 * @example
 * ```ts
 * import { encodeError } from "steadystream/openai"
 *
 * console.log(encodeError({ message: "Try again in 20 s", type: "rate_limit_error", code: "rate_limit_exceeded" }))
 * ```
 */
export function encodeError(error: Partial<ProviderErrorBody> = {}, options: EncodeErrorOptions = {}): string {
  checkNames("error", error, error)
  checkOptions(options, { dialect: DIALECT, sequenceNumber: "a number" })
  const { dialect = "chat", sequenceNumber = 0 } = options
  const written = writtenError(error)
  return encodeEvent(dialect === "responses" ? responseErrorEvent(written, sequenceNumber) : errorEvent(written))
}

/** Returns `error` with every member, without the ones that are never written. */
export function writtenError(error: Partial<ProviderErrorBody>): WrittenError {
  const { message, type, param, code } = error
  return {
    message: message ?? "The server had an error while processing your request",
    type: type === undefined ? "server_error" : type,
    param: param ?? null,
    code: code === undefined ? "internal_error" : code,
  }
}

/** Returns the error event of the chat and completions dialects. */
export function errorEvent(error: WrittenError): SseEventInit {
  return { data: jsonOf({ error }) }
}

/** Returns the error event of the Responses dialect. */
export function responseErrorEvent(error: WrittenError, sequenceNumber: number): SseEventInit {
  const { code, message, param } = error
  return {
    event: "error",
    data: jsonOf({ type: "error", sequence_number: sequenceNumber, code, message, param, error }),
  }
}
