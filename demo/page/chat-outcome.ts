import { SseError, SseProviderError, SseTimeoutError, SseTruncatedError } from "steadystream"
import type { ChatSnapshot, EndInfo } from "steadystream/openai"
import { seconds, type ShownState } from "./dom.ts"

/** The end of a run, in words for the user of the page. */
export interface Outcome {
  readonly state: ShownState
  readonly label: string
  readonly kind: "good" | "bad" | "neutral"
  readonly text: string
  /** The error's code, and its phase, provider code or missing part. */
  readonly error: string
  /** The size of the answer that is kept. */
  readonly kept: string
}

export function outcomeOf({ reason, error }: EndInfo, snapshot: ChatSnapshot): Outcome {
  const kept = keptOf(snapshot)
  if (reason === "cancelled") {
    const text = `Cancelled. Kept: ${kept}.`
    return { state: "cancelled", label: "cancelled", kind: "neutral", text, error: "none", kept }
  }
  if (reason === "error") {
    const label = error instanceof SseTimeoutError ? "timed out" : "failed"
    const what = kept === "nothing" ? "Nothing was received." : `Kept: ${kept}.`
    return { state: "failed", label, kind: "bad", text: `${describe(error)} ${what}`, error: nameOf(error), kept }
  }
  const finish = snapshot.choices[0]?.finishReason ?? "none"
  return {
    state: "done",
    label: "complete",
    kind: "good",
    text: `Complete: finish reason “${finish}”.`,
    error: "none",
    kept,
  }
}

function describe(error: unknown): string {
  if (error instanceof SseTimeoutError)
    return `Timed out: ${WAITS[error.phase] ?? "no end after"} ${seconds(error.ms)}.`
  if (error instanceof SseProviderError) return `The provider reported an error: “${error.error.message}”.`
  if (error instanceof SseTruncatedError) return "Cut off: the stream ended before the answer was complete."
  return `Failed: ${(error as Error).message}.`
}

const WAITS: Readonly<Record<string, string>> = {
  connect: "no response within",
  firstContent: "no first token within",
  idle: "no bytes for",
  eventIdle: "no event for",
  contentIdle: "no content for",
  total: "the answer was not complete after",
}

function nameOf(error: unknown): string {
  if (error instanceof SseTimeoutError) return `${error.code}, ${error.phase}`
  if (error instanceof SseProviderError) return `${error.code}, ${error.error.code}`
  if (error instanceof SseTruncatedError) return `${error.code}, no ${error.missing}`
  return SseError.is(error) ? error.code : "none"
}

function keptOf({ choices: [choice] }: ChatSnapshot): string {
  const { content, reasoning, toolCalls = [] } = choice ?? {}
  const parts = [
    content ? `${content.length} characters` : "",
    reasoning ? `${reasoning.length} of reasoning` : "",
    toolCalls.length > 0 ? `${toolCalls.length} tool ${toolCalls.length === 1 ? "call" : "calls"}` : "",
  ].filter((part) => part !== "")
  return parts.join(", ") || "nothing"
}
