/* Entries and bytes in a few words. */
import type { RecordingEntry } from "steadystream/testing"
import type { Block } from "./blocks.ts"

/** What an entry is, and what it holds. */
export function descriptionOf(entry: RecordingEntry): { readonly name: string; readonly text: string } {
  switch (entry.type) {
    case "request":
      return { name: "request", text: `${entry.method} ${entry.url}${headersOf(entry.headers)}` }
    case "response":
      return { name: "head", text: `${entry.status}${headersOf(entry.headers)}` }
    case "chunk":
      return { name: "chunk", text: `${entry.bytes.length} bytes` }
    case "end":
      return { name: "end", text: "the body ended cleanly" }
    case "cancel":
      return { name: "cancel", text: "the reader stopped" }
    case "state":
      return { name: "state", text: entry.state }
    case "retry":
      return { name: "retry", text: `${entry.attempt}: in ${Math.round(entry.delay)} ms, after ${failureOf(entry)}` }
    case "limit":
      return { name: "limit", text: "nothing more was recorded" }
    case "error":
    case "failure":
    default:
      return { name: entry.type, text: failureOf(entry) }
  }
}

function failureOf({ name, code, phase }: { name: string; code?: string | undefined; phase?: string | undefined }) {
  return [name, code, phase].filter((word) => word !== undefined).join(" ")
}

function headersOf(headers: Readonly<Record<string, string>>): string {
  return Object.entries(headers)
    .map(([name, value]) => `, ${name}: ${value}`)
    .join("")
}

/** Whether an entry is a failure. */
export function isErrorEntry(entry: RecordingEntry): boolean {
  if (entry.type === "response") return entry.status >= 400
  return entry.type === "error" || entry.type === "retry" || entry.type === "failure"
}

/** Whether a block reports an error or never ended. */
export function isErrorBlock({ kind, event, data }: Block): boolean {
  if (kind === "incomplete") return true
  return kind === "event" && (event === "error" || /^\s*\{\s*"error"\s*:\s*[^n\s]/.test(data))
}

/** Returns a time in the unit that is short: `40 ms`, `1.25 s`. */
export function shortTime(ms: number): string {
  if (Math.round(ms) < 1000) return `${Number(ms.toFixed(ms < 10 ? 1 : 0))} ms`
  return `${Number((ms / 1000).toFixed(2))} s`
}
