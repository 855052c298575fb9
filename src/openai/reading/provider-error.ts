/* Recognizes the shapes in which providers report an error inside a stream, and turns them into one shape. */
import { SseProviderError, isRetryableStatus, type ProviderErrorBody } from "../../errors.ts"
import { isObject, numberOr, objectsIn, parse, type Fields } from "./fields.ts"

const LATER = /overloaded|rate_?limit|too_many_requests|server_error|internal|timeout|unavailable/i

/** Returns the error that a payload reports in any known shape, `null` if it reports none. */
export function providerErrorOf(json: object, event: string): ProviderErrorBody | null {
  const { error, type, object, base_resp: base, success } = json as Fields
  // Nearly every payload has none of these members.
  if (error) return bodyOf(error, json as Fields)
  // MiniMax reports a failure here, and success with the code 0.
  if (isObject(base) && numberOr(base["status_code"]) !== null) return bodyOf(base, {})
  const isError = isErrorType(event) || isErrorType(type) || object === "error" || success === false
  return isError ? bodyOf(json, json as Fields) : null
}

/** Whether an event of this type reports an error. */
export function isErrorType(type: unknown): boolean {
  return type === "error" || type === "response.error"
}

/** Returns `error`, a member of `payload` or the payload itself, in the one shape. */
export function bodyOf(error: unknown, payload: Fields): ProviderErrorBody {
  const fields = isObject(error) ? error : ({ message: error } as Fields)
  // Cloudflare lists its errors in `errors`, FastAPI in `detail`.
  const first: Fields = objectsIn(fields["errors"] ?? fields["detail"])[0] ?? {}
  const code = fields["code"] ?? fields["status_code"] ?? first["code"]
  const { message, error: text, detail, status_msg: status } = fields
  const words = [message, text, payload["message"], detail, status, first["message"], first["msg"]].find(
    (value) => typeof value === "string",
  )
  return {
    message: words ?? "",
    // The type of a flat error may be the type of its event.
    type: isErrorType(fields["type"]) ? null : labelOf(fields["type"]),
    code: labelOf(code),
    param: labelOf(fields["param"]),
    status: statusOf(fields["status"]) ?? statusOf(fields["status_code"]) ?? statusOf(code),
    raw: error,
  }
}

/** Returns the error to throw for `error`. Its message quotes a code or type only, never the provider's text. */
export function providerError(name: string, error: ProviderErrorBody, chunk: unknown): SseProviderError {
  const { status, code, type } = error
  const label = [code, type].find((value) => /^[\w.-]{1,64}$/.test(value ?? ""))
  const isRetryable = status === null ? LATER.test(`${code} ${type}`) : status === 409 || isRetryableStatus(status)
  const which = label ? ` "${label}"` : ""
  return new SseProviderError(`Cannot read ${name}: the provider reported an error${which}`, error, chunk, isRetryable)
}

/** Returns the JSON object in a body, also as the first element of an array, as some endpoints of Google send it. */
export function objectIn(body: string): Fields | undefined {
  const json = parse(body)
  const object: unknown = Array.isArray(json) ? json[0] : json
  return isObject(object) ? object : undefined
}

function labelOf(value: unknown): string | null {
  return (value && typeof value === "string") || typeof value === "number" ? `${value}` : null
}

function statusOf(value: unknown): number | null {
  // Through the label, since converting an object to a number may throw.
  const status = Number(labelOf(value))
  return status >= 400 && status < 600 && Number.isInteger(status) ? status : null
}
