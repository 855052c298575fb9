/*
 * Reads how long a response asks to wait. A date is compared with the response's own Date, so that a wrong clock on
 * either side does no harm; without a Date it is compared with the wall clock.
 */

/**
 * The delay in milliseconds that the headers ask for: 0 for a date that is past, `undefined` if they ask for none that is
 * valid. Some providers send decimals, or `retry-after-ms`, which is the more exact one.
 *
 * Spec: https://httpwg.org/specs/rfc9110.html#field.retry-after
 */
export function parseRetryAfter(headers: Headers): number | undefined {
  const value = headers.get("retry-after")
  const due = parseDate(value)
  const wait = due - (parseDate(headers.get("date")) || Date.now())
  const delays = [parseNumber(headers.get("retry-after-ms")), parseNumber(value) * 1_000, wait < 0 ? 0 : wait]
  return delays.find((delay) => delay >= 0)
}

function parseNumber(value: string | null): number {
  return /^[\d.]+$/.test(value!) ? Number(value) : NaN
}

/** Only the forms that name their zone, as all that are written today do: `Date.parse` accepts "-1" and much more. */
function parseDate(value: string | null): number {
  return /^\w+, .+:.+ GMT$/.test(value!) ? Date.parse(value!) : NaN
}
