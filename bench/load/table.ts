export type Row = readonly string[]

const line = (cells: Row) => `| ${cells.join(" | ")} |`

/** Returns a table of Markdown, whose first column is aligned to the left. */
export function table(head: Row, rows: readonly Row[]): string {
  return [line(head), line(head.map((_, index) => (index === 0 ? "---" : "--:"))), ...rows.map(line)].join("\n")
}
