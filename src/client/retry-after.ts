/**
 * What a Retry-After header asks for, in milliseconds, `undefined` where it asks for nothing that can be understood.
 * A date is held against the response's own Date, so that a wrong clock on either side does no harm; where there is none,
 * against the wall clock. A date that is past asks for 0.
 *
 * Spec: https://httpwg.org/specs/rfc9110.html#field.retry-after
 */
export function parseRetryAfter(headers: Headers): number | undefined {
  const value = headers.get("retry-after")?.trim() ?? ""
  if (/^[0-9]+$/.test(value)) return Math.min(Number(value) * 1000, Number.MAX_SAFE_INTEGER)
  const due = parseHttpDate(value)
  if (due === undefined) return undefined
  const now = parseHttpDate(headers.get("date")?.trim() ?? "") ?? Date.now()
  return Math.max(0, due - now)
}

const IMF_FIXDATE = /^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT$/

/** Only the one form that is still to be written: `Date.parse` alone takes "-1" and much else for a date. */
function parseHttpDate(value: string): number | undefined {
  if (!IMF_FIXDATE.test(value)) return undefined
  const ms = Date.parse(value)
  return Number.isNaN(ms) ? undefined : ms
}
