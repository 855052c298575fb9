/* Law: the shapes in which providers report an error inside a stream, and the one shape that they become here. */
import { SseProviderError, isRetryableStatus, type ProviderErrorBody } from "../errors.ts"
import type { Fields } from "./choices.ts"

const LATER = /overloaded|rate_?limit|too_many_requests|server_error|internal|timeout|unavailable/i
const EVENT_TYPE = /^(response\.)?error$/
const IDENTIFIER = /^[\w.-]{1,64}$/

/** The error that a payload reports in any shape that is in use, `null` where it reports none. */
export function providerErrorOf(json: object, event: string): ProviderErrorBody | null {
  const fields = json as Fields
  // Absent on nearly every payload: the shapes are told apart only where one of these is present.
  if (fields["error"]) return bodyOf(fields["error"], fields)
  if (event === "error" || event === "response.error" || fields["type"] === "error" || fields["object"] === "error") {
    return bodyOf(fields, fields)
  }
  return null
}

/** The error of a choice that ended in one, `null` for every other choice. */
export function choiceErrorOf(choice: Fields, json: Fields): ProviderErrorBody | null {
  if (choice["error"]) return bodyOf(choice["error"], json)
  const reason = choice["finish_reason"]
  if (reason !== "error" && reason !== "abort") return null
  return bodyOf({ message: "The provider ended the answer with an error", code: reason }, json)
}

/** Puts an error in the one shape; `raw` is the payload that it came in. */
export function bodyOf(error: unknown, raw: Fields): ProviderErrorBody {
  const fields = typeof error === "object" && error !== null ? (error as Fields) : {}
  const code = fields["code"] ?? fields["status_code"]
  const message = typeof error === "string" ? error : (fields["message"] ?? fields["error"] ?? raw["message"])
  return {
    message: typeof message === "string" ? message : "",
    // The type of a flat error may be that of its event.
    type: EVENT_TYPE.test(textOr(fields["type"]) ?? "") ? null : textOr(fields["type"]),
    code: textOr(code),
    param: textOr(fields["param"]),
    status: statusOf(fields["status"]) ?? statusOf(fields["status_code"]) ?? statusOf(code),
    raw: error,
  }
}

/** The error to throw for `error`; what may be a payload stays out of its message. */
export function providerError(name: string, error: ProviderErrorBody, chunk: unknown): SseProviderError {
  const label = [error.code, error.type].find((value) => value !== null && IDENTIFIER.test(value))
  const which = label === undefined ? "" : ` "${label}"`
  const later = isLater(error)
  return new SseProviderError(`Cannot read ${name}: the provider reported an error${which}`, error, chunk, later)
}

function isLater({ status, code, type }: ProviderErrorBody): boolean {
  if (status !== null) return status === 409 || isRetryableStatus(status)
  return LATER.test(`${code} ${type}`)
}

function textOr(value: unknown): string | null {
  if (typeof value === "string" && value !== "") return value
  return typeof value === "number" ? String(value) : null
}

function statusOf(value: unknown): number | null {
  // Not of an object, whose own conversion may throw.
  const status = Number(textOr(value) ?? Number.NaN)
  return Number.isInteger(status) && status >= 400 && status <= 599 ? status : null
}
