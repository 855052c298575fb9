/** The most differences between a word and the one that was meant. */
const MAX_DISTANCE = 2

/** Returns the name that `word` most likely was meant to be, `undefined` if none is near. */
export function nearestOf(word: string, names: readonly string[]): string | undefined {
  const [best] = names
    .map((name) => ({ name, distance: name.startsWith(word) && word.length > 1 ? 1 : distanceOf(word, name) }))
    .filter(({ name, distance }) => distance <= MAX_DISTANCE && distance < name.length)
    .toSorted((left, right) => left.distance - right.distance)
  return best?.name
}

/** The number of letters to insert, remove or replace, or of neighbours to swap. */
function distanceOf(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, column) => column)]
  for (let row = 1; row <= from.length; row++) {
    const line = [row]
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1]
      const isSwap = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      line[column] = Math.min(
        rows[row - 1]![column]! + 1,
        line[column - 1]! + 1,
        rows[row - 1]![column - 1]! + (isSame ? 0 : 1),
        isSwap ? rows[row - 2]![column - 2]! + 1 : Infinity,
      )
    }
    rows.push(line)
  }
  return rows[from.length]![to.length]!
}
