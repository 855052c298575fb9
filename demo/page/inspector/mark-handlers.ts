import type { Mark } from "./model.ts"

/** How a view reports what its user points at and selects. */
export interface MarkHandlers {
  onPoint(mark: Mark | undefined): void
  onSelect(mark: Mark | undefined): void
}
