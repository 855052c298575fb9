import { shortTime } from "./descriptions.ts"
import type { Model } from "./model.ts"

/** Returns how much a recording holds, in a few words. */
export function summaryOf({ lanes, duration }: Model): string {
  const chunks = lanes.reduce((sum, lane) => sum + lane.chunks.length, 0)
  const events = lanes.reduce((sum, { blocks }) => sum + blocks.filter(({ kind }) => kind === "event").length, 0)
  const parts = [counted(lanes.length, "request"), counted(chunks, "chunk"), counted(events, "event")]
  return `${parts.join(", ")}, ${shortTime(duration)}`
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`
}
