/* Law: the shapes in which providers report an error inside a stream, and the one shape that they become here. */
import { SseProviderError, isRetryableStatus, type ProviderErrorBody } from "../../errors.ts"
import { isObject, parse, type Fields } from "./fields.ts"

const LATER = /overloaded|rate_?limit|too_many_requests|server_error|internal|timeout|unavailable/i

/** The error that a payload reports in any shape that is in use, `null` where it reports none. */
export function providerErrorOf(json: object, event: string): ProviderErrorBody | null {
  const { error, type, object } = json as Fields
  // Absent on nearly every payload: the shapes are told apart only where one of these is present.
  if (error) return bodyOf(error, json as Fields)
  return isErrorType(event) || isErrorType(type) || object === "error" ? bodyOf(json, json as Fields) : null
}

/** Whether an event of this type reports an error. */
export function isErrorType(type: unknown): boolean {
  return type === "error" || type === "response.error"
}

/** Puts an error in the one shape; `payload` is what it came in. */
export function bodyOf(error: unknown, payload: Fields): ProviderErrorBody {
  const fields = isObject(error) ? error : ({ message: error } as Fields)
  const code = fields["code"] ?? fields["status_code"]
  const words = [fields["message"], fields["error"], payload["message"]].find((value) => typeof value === "string")
  return {
    message: words ?? "",
    // The type of a flat error may be that of its event.
    type: isErrorType(fields["type"]) ? null : labelOf(fields["type"]),
    code: labelOf(code),
    param: labelOf(fields["param"]),
    status: statusOf(fields["status"]) ?? statusOf(fields["status_code"]) ?? statusOf(code),
    raw: error,
  }
}

/** The error to throw for `error`; what may be a payload stays out of its message. */
export function providerError(name: string, error: ProviderErrorBody, chunk: unknown): SseProviderError {
  const { status, code, type } = error
  const label = [code, type].find((value) => /^[\w.-]{1,64}$/.test(value ?? ""))
  const isLater = status === null ? LATER.test(`${code} ${type}`) : status === 409 || isRetryableStatus(status)
  const which = label ? ` "${label}"` : ""
  return new SseProviderError(`Cannot read ${name}: the provider reported an error${which}`, error, chunk, isLater)
}

/** The object in a body that is no event stream, also as the first of an array, as some endpoints of Google send it. */
export function objectIn(body: string): Fields | undefined {
  const json = parse(body)
  const object: unknown = Array.isArray(json) ? json[0] : json
  return isObject(object) ? object : undefined
}

function labelOf(value: unknown): string | null {
  return (value && typeof value === "string") || typeof value === "number" ? `${value}` : null
}

function statusOf(value: unknown): number | null {
  // By way of the label, since the own conversion of an object may throw.
  const status = Number(labelOf(value))
  return status >= 400 && status < 600 && Number.isInteger(status) ? status : null
}
