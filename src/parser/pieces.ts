/* Law: a piece of a text keeps all of that text in memory, so what is put together of pieces is joined now and then. */

/** What a piece takes besides its text, in characters. */
export const PIECE = 64
/** How much may be held in any case, in characters: below it nothing need be looked at. */
export const HELD = 65_536
// What waits is joined when four times as much is held for it: a quarter of what was read pays for that.
const HELD_PER_CHARACTER = 4

/**
 * Joins the pieces of `line` and `data` where they hold too much.
 *
 * @param held - What they hold at most: all text that was read since they were joined, and each `PIECE` more.
 * @returns What they hold then.
 */
export function joinPieces(held: number, line: string, data: string): number {
  if (held < HELD_PER_CHARACTER * (line.length + data.length)) return held
  // Matching joins the pieces of a string; and the engine keeps the last string that matched.
  void [/./.test(line), /./.test(data), /./.test(".")]
  return 0
}
