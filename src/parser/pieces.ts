/*
 * Bounds the memory of strings that were concatenated from slices. The engine keeps the whole text of each slice in
 * memory, so such strings must be flattened from time to time.
 */

/** The overhead of one slice, in characters. */
export const PIECE = 64
/** The number of characters that may always be held; below it no string is checked. */
export const HELD = 65_536
// Strings are flattened when they hold four times their length, so the total cost is at most a quarter of the input.
const HELD_PER_CHARACTER = 4

/**
 * Flattens `line` and `data` if they hold too much memory.
 *
 * @param held - An upper bound of what they hold: all text that was read since the last flattening, plus `PIECE` for
 * each slice.
 * @returns The bound after the call.
 */
export function joinPieces(held: number, line: string, data: string): number {
  if (held < HELD_PER_CHARACTER * (line.length + data.length)) return held
  // Matching flattens a string. The last match replaces `data`, because the engine keeps the last matched string.
  void [/./.test(line), /./.test(data), /./.test(".")]
  return 0
}
