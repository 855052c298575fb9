import { SseError, SseProviderError, SseTimeoutError, SseTruncatedError } from "steadystream"
import type { ChatSnapshot, EndInfo } from "steadystream/openai"
import { seconds, type ShownState } from "./dom.ts"

/** How a run ended, in words for somebody in front of a screen. */
export interface Outcome {
  readonly state: ShownState
  readonly label: string
  readonly kind: "good" | "bad" | "neutral"
  readonly text: string
  /** The error's code and what is more of it. */
  readonly error: string
  /** What is kept of the answer. */
  readonly kept: string
}

export function outcomeOf({ reason, error }: EndInfo, snapshot: ChatSnapshot): Outcome {
  const kept = keptOf(snapshot)
  if (reason === "cancelled") {
    const text = `Cancelled. What came is kept: ${kept}.`
    return { state: "cancelled", label: "cancelled", kind: "neutral", text, error: "none", kept }
  }
  if (reason === "error") {
    const label = error instanceof SseTimeoutError ? "timed out" : "failed"
    const what = kept === "nothing" ? "Nothing had come." : `What came is kept: ${kept}.`
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
  if (error instanceof SseTimeoutError) return `Timed out: ${WAITS[error.phase] ?? "it took"} ${seconds(error.ms)}.`
  if (error instanceof SseProviderError) return `The provider failed: “${error.error.message}”.`
  if (error instanceof SseTruncatedError) return "Cut off: the stream ended before the answer did."
  return `Failed: ${(error as Error).message}.`
}

const WAITS: Readonly<Record<string, string>> = {
  connect: "no response came within",
  firstContent: "no first token came within",
  idle: "not a byte came for",
  eventIdle: "no event came for",
  contentIdle: "no chunk with content came for",
  total: "the answer was not whole after",
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
