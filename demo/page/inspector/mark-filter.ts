/* Which marks the list shows. */
import type { Mark } from "./model.ts"

export interface MarkFilter {
  /** The event type, or the name of another mark; `""` for all. */
  readonly name: string
  /** A part of the name or of what it holds, in any case. */
  readonly text: string
  readonly onlyErrors: boolean
}

/** Returns whether a mark passes the filter. */
export function passes({ name, text, onlyErrors }: MarkFilter, mark: Mark): boolean {
  if (onlyErrors && !mark.isError) return false
  if (name !== "" && mark.name !== name) return false
  return text === "" || `${mark.name} ${mark.text}`.toLowerCase().includes(text.toLowerCase())
}

/** Returns the names of all marks but chunks, events first. */
export function namesOf(marks: readonly Mark[]): string[] {
  const events = marks.filter(({ kind }) => kind === "event")
  const others = marks.filter(({ kind }) => kind !== "event" && kind !== "chunk")
  return [...new Set([...events, ...others].map(({ name }) => name))]
}
