import { COLON, LETTER_A, LETTER_D, LETTER_E, LETTER_T, LF, SPACE } from "./characters.ts"

// Each line ends inside `text`, so no index passes the end of `text`, where charCodeAt is slow.
// Measured: comparing the codes one by one reads events of several lines 1.1 times as fast as startsWith.

/** The length of the longest field name with its colon. */
export const FIELD_START = 6

/** Whether the line at `start`, which begins with "d", begins with `data:`. */
export function isData(text: string, start: number): boolean {
  return (
    text.charCodeAt(start + 1) === LETTER_A &&
    text.charCodeAt(start + 2) === LETTER_T &&
    text.charCodeAt(start + 3) === LETTER_A &&
    text.charCodeAt(start + 4) === COLON
  )
}

/** Whether the line at `start`, which begins with "e", begins with `event:`. */
export function isEvent(text: string, start: number): boolean {
  return (
    text.charCodeAt(start + 1) === 118 &&
    text.charCodeAt(start + 2) === LETTER_E &&
    text.charCodeAt(start + 3) === 110 &&
    text.charCodeAt(start + 4) === LETTER_T &&
    text.charCodeAt(start + 5) === COLON
  )
}

/** Whether the line at `start`, which begins with "i", begins with `id:`. */
export function isId(text: string, start: number): boolean {
  return text.charCodeAt(start + 1) === LETTER_D && text.charCodeAt(start + 2) === COLON
}

/** The value between the colon before `start` and `end`. Spec: one space after the colon is not part of it. */
export function fieldValue(text: string, start: number, end: number): string {
  return text.slice(text.charCodeAt(start) === SPACE ? start + 1 : start, end)
}

/** The time in a `retry` line, NaN if its value is not valid; `undefined` if the line is of another field. */
export function retryTime(line: string): number | undefined {
  // Spec: only ASCII digits, in any number; a larger number becomes the largest safe integer.
  const match = /^retry(?::|$)(?: ?(\d+)$)?/.exec(line)
  return match === null ? undefined : Math.min(Number(match[1]), Number.MAX_SAFE_INTEGER)
}

/** The index of `search` at or after `from`, or the length of `text` if it is not found. */
export function indexOrEnd(text: string, search: string, from: number): number {
  const index = text.indexOf(search, from)
  return index === -1 ? text.length : index
}

/** Whether `text` is exactly one event of one `data` line, as most chunks of most servers are. */
export function isOneEvent(text: string): boolean {
  const end = text.length - 2
  return (
    end >= 5 &&
    text.charCodeAt(0) === LETTER_D &&
    isData(text, 0) &&
    text.indexOf("\n") === end &&
    text.charCodeAt(end + 1) === LF &&
    text.indexOf("\r") === -1
  )
}
