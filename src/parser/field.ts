import { COLON, LETTER_A, LETTER_D, LETTER_E, LETTER_T, LF, SPACE } from "./characters.ts"

// The lines below have an end in their text, so no index is beyond it: charCodeAt there is slow, and no name has a line end.
// Measured: spelled out code by code, they make events of several lines 1.1 times as fast as with startsWith.

/** Whether the line at `start`, which begins with a "d", is of the field `data` with a colon. */
export function isData(text: string, start: number): boolean {
  return (
    text.charCodeAt(start + 1) === LETTER_A &&
    text.charCodeAt(start + 2) === LETTER_T &&
    text.charCodeAt(start + 3) === LETTER_A &&
    text.charCodeAt(start + 4) === COLON
  )
}

/** Whether the line at `start`, which begins with an "e", is of the field `event` with a colon. */
export function isEvent(text: string, start: number): boolean {
  return (
    text.charCodeAt(start + 1) === 118 &&
    text.charCodeAt(start + 2) === LETTER_E &&
    text.charCodeAt(start + 3) === 110 &&
    text.charCodeAt(start + 4) === LETTER_T &&
    text.charCodeAt(start + 5) === COLON
  )
}

/** Whether the line at `start`, which begins with an "i", is of the field `id` with a colon. */
export function isId(text: string, start: number): boolean {
  return text.charCodeAt(start + 1) === LETTER_D && text.charCodeAt(start + 2) === COLON
}

/** The value from `start`, right after the colon, to the line's end: one space after the colon is not part of it. */
export function fieldValue(text: string, start: number, end: number): string {
  return text.slice(text.charCodeAt(start) === SPACE ? start + 1 : start, end)
}

/** The time in a line of the field `retry`, NaN where it is none; `undefined` where the line is of another field. */
export function retryTime(line: string): number | undefined {
  // Spec: only ASCII digits, however many; a number beyond the safe integers says no more than the last of them.
  const match = /^retry(?::|$)(?: ?(\d+)$)?/.exec(line)
  return match === null ? undefined : Math.min(Number(match[1]), Number.MAX_SAFE_INTEGER)
}

/** Where `search` is at or after `from`, the text's end where it is not. */
export function indexOrEnd(text: string, search: string, from: number): number {
  const index = text.indexOf(search, from)
  return index === -1 ? text.length : index
}

/** Whether `text` is one event of one line of data and nothing else: what most chunks of most servers are. */
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
