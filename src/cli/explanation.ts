/* The server's own words for a failure. Some servers repeat the key that they refuse, so the secrets of the request are replaced. */
import { SseProviderError, SseResponseError, SseRetryError } from "../index.ts"
import type { RequestOptions } from "./request-options.ts"
import { visibleLine } from "./visible-text.ts"

/** The shortest part of a header or of a query that is looked for; a shorter one is in many texts. */
const MIN_LENGTH = 6
/** The same if its name says that it is a secret. */
const MIN_SECRET = 4
const SECRET_NAME = /auth|cookie|key|pass|secret|session|token/i
const MAX_LENGTH = 500

/** Returns the server's words for a failure on one line, or `undefined` if there are none. */
export function explanationOf(error: unknown, request: RequestOptions): string | undefined {
  return refusalOf(error, request) ?? reportOf(error, request)
}

/** Returns the start of the body of a refused request, which often says why. */
function refusalOf(error: unknown, request: RequestOptions): string | undefined {
  const failure = error instanceof SseRetryError ? error.cause : error
  if (!(failure instanceof SseResponseError) || failure.body.trim() === "") return undefined
  return masked(failure.body.trim(), request)
}

/** Returns the error that a provider reports inside its stream. */
function reportOf(error: unknown, request: RequestOptions): string | undefined {
  if (!(error instanceof SseProviderError)) return undefined
  const { message, code, type, status } = error.error
  const labels = [code, type, status].flatMap((label) => (label === null ? [] : [String(label)]))
  const parts = [message, [...new Set(labels)].join(", ")].filter((part) => part.trim() !== "")
  return parts.length === 0 ? undefined : masked(`the provider says: ${parts.join(" - ")}`, request)
}

function masked(text: string, request: RequestOptions): string {
  // The longest first, since a part of it may be another one.
  const longestFirst = secretsOf(request).toSorted((left, right) => right.length - left.length)
  return visibleLine(
    longestFirst.reduce((rest, secret) => rest.replaceAll(secret, "REDACTED"), text),
    MAX_LENGTH,
  )
}

function secretsOf({ url, headers }: RequestOptions): string[] {
  const given = [...headers, ...url.searchParams]
  const secrets = given.flatMap(([name, value]) => {
    const least = SECRET_NAME.test(name) ? MIN_SECRET : MIN_LENGTH
    // A server may repeat a value as it came in the URL, or in a text of JSON.
    const written = [value, ...value.split(/\s+/)].flatMap((part) => [
      part,
      encodeURIComponent(part),
      JSON.stringify(part).slice(1, -1),
    ])
    return written.filter((part) => part.length >= least)
  })
  const raw = url.search
    .slice(1)
    .split(/[&=]/)
    .filter((part) => part.length >= MIN_LENGTH)
  return [...secrets, ...raw].filter((part) => !/^(?:application|text)\//.test(part))
}
