import { SseResponseError, SseRetryError } from "../index.ts"
import type { RequestOptions } from "./request-options.ts"
import { visibleLine } from "./visible-text.ts"

/** The shortest part of a header or of a query that is looked for; a shorter one is in many texts. */
const MIN_SECRET = 6
const MAX_LENGTH = 500

/**
 * Returns the start of the body of a refused request, which often says why, on one line. Some servers repeat the key that they
 * refuse, so each value of the request's headers and query is replaced.
 */
export function refusalOf(error: unknown, { url, headers }: RequestOptions): string | undefined {
  const failure = error instanceof SseRetryError ? error.cause : error
  if (!(failure instanceof SseResponseError) || failure.body.trim() === "") return undefined
  const values = [...headers.values(), ...url.searchParams.values()]
  const parts = values.flatMap((value) => value.split(/\s+/))
  // A server may repeat a value as it came in the URL, or in a text of JSON.
  const written = [...values, ...parts].flatMap((value) => [
    value,
    encodeURIComponent(value),
    JSON.stringify(value).slice(1, -1),
  ])
  const secrets = [...written, ...url.search.slice(1).split(/[&=]/)].filter(
    (value) => value.length >= MIN_SECRET && !/^(?:application|text)\//.test(value),
  )
  // The longest first, since a part of it may be another one.
  const longestFirst = secrets.toSorted((left, right) => right.length - left.length)
  const body = longestFirst.reduce((text, secret) => text.replaceAll(secret, "REDACTED"), failure.body)
  return visibleLine(body.trim(), MAX_LENGTH)
}
