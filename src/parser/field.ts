const SPACE = 32
const COLON = 58

/**
 * Where the value of the field `name` starts in the line `text[start, end)`, whose first character is the name's: -1 where
 * the line is of another field. One space after the colon is not part of the value; a line that is only the name has the
 * empty value.
 */
export function fieldValueStart(text: string, start: number, end: number, name: string): number {
  const { length } = name
  const colon = start + length
  if (colon > end) return -1
  for (let index = 1; index < length; index++) {
    if (text.charCodeAt(start + index) !== name.charCodeAt(index)) return -1
  }
  if (colon === end) return end
  return text.charCodeAt(colon) === COLON ? skipSpace(text, colon + 1, end) : -1
}

/** Whether the line `text[start, end)` begins with `data:`. */
export function isData(text: string, start: number, end: number): boolean {
  // Measured: compared code by code, ?? times as fast as startsWith.
  return (
    end - start > 4 &&
    text.charCodeAt(start) === 100 &&
    text.charCodeAt(start + 1) === 97 &&
    text.charCodeAt(start + 2) === 116 &&
    text.charCodeAt(start + 3) === 97 &&
    text.charCodeAt(start + 4) === COLON
  )
}

/** The index after one space at `index`, `index` itself where there is none before `end`. */
export function skipSpace(text: string, index: number, end: number): number {
  return index < end && text.charCodeAt(index) === SPACE ? index + 1 : index
}

/** Whether a line that begins with `start`, which is at least as long as the longest name and a colon, is of a known field. */
export function isKnownField(start: string): boolean {
  return FIELD_NAMES.some((name) => start.startsWith(name) && fieldValueStart(start, 0, start.length, name) !== -1)
}

const FIELD_NAMES = ["data", "event", "id", "retry"]

/** Length of the longest field name with its colon. */
export const FIELD_START_LENGTH = 6

/** The value of a `retry` field in milliseconds, `undefined` where it is not all ASCII digits. */
export function parseRetry(value: string): number | undefined {
  // Spec: only ASCII digits. The field has no upper bound; a number beyond the safe integers says no more than the last of them.
  return /^[0-9]+$/.test(value) ? Math.min(Number(value), Number.MAX_SAFE_INTEGER) : undefined
}
