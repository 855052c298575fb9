/**
 * What a Retry-After header asks for, in milliseconds, `undefined` where it asks for nothing that can be understood.
 * A date is held against the response's own Date, so that a wrong clock on either side does no harm; where there is none,
 * against the wall clock. A date that is past asks for 0.
 *
 * Spec: https://httpwg.org/specs/rfc9110.html#field.retry-after
 */
export function parseRetryAfter(headers: Headers | undefined): number | undefined {
  const value = headers?.get("retry-after")?.trim() ?? ""
  if (/^\d+$/.test(value)) return Math.min(Number(value) * 1000, Number.MAX_SAFE_INTEGER)
  const due = parseHttpDate(value)
  // NaN is no date.
  return due >= 0 ? Math.max(0, due - (parseHttpDate(headers?.get("date") ?? "") || Date.now())) : undefined
}

/** Only the forms that name their zone, as all that are written today do: `Date.parse` takes "-1" and much else for a date. */
function parseHttpDate(value: string): number {
  return /^[A-Z][a-z]+, \d\d[ -][A-Z][a-z]{2}[ -]\d{2,4} \d\d:\d\d:\d\d GMT$/.test(value) ? Date.parse(value) : NaN
}
