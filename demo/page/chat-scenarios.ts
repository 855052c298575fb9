import type { ChunkTimeouts } from "steadystream/openai"
import { pace } from "./pace.ts"

/** What the answer of the third panel is to be like. */
export interface Scenario {
  readonly label: string
  readonly model: string
  /** What the server does, and what the reader makes of it. */
  readonly hint: string
  /** A question that fits. */
  readonly question?: string
  /** The one clock that runs. */
  readonly timeouts?: ChunkTimeouts
  /** Whether the page cancels half way. */
  readonly cancels?: boolean
}

export const QUESTION = "What are server-sent events?"

/** All scenarios, in the groups that they are shown in. */
export const SCENARIOS: readonly { readonly title: string; readonly scenarios: readonly Scenario[] }[] = [
  {
    title: "Whole",
    scenarios: [
      {
        label: "Text",
        model: "demo",
        hint: "Token by token, then the finish reason, the usage and [DONE].",
      },
      {
        label: "Tool calls",
        model: "demo-tool-call",
        question: "Can two of us get to Bergen tonight?",
        hint: "Text, then two calls whose arguments come in pieces. The reader puts them together.",
      },
      {
        label: "Reasoning",
        model: "demo-reasoning",
        question: "Is 2027 a prime?",
        hint: "What the model thinks comes first, in a field of its own, which each provider names as it likes.",
      },
    ],
  },
  {
    title: "Broken off",
    scenarios: [
      {
        label: "Error half way",
        model: "demo-error",
        hint: "The status was 200 long ago, so the error is an event. The reader throws it, and keeps the text.",
      },
      {
        label: "Cut half way",
        model: "demo-cut",
        hint: "The connection is closed cleanly in the middle of the answer. It must not pass for a whole one.",
      },
      {
        label: "Cancelled half way",
        model: "demo",
        cancels: true,
        hint: "The page has seen enough. The request is aborted, and the server stops with it.",
      },
    ],
  },
  {
    title: "Too late",
    scenarios: [
      late("No response", "connect", 2000, "The server takes the request and never answers."),
      late("No first token", "firstContent", 2000, "The stream opens, and the model never begins; only comments come."),
      late("Silence", "idle", 2000, "Half way not a byte comes any more, and the connection stays open."),
      late("Only comments", "eventIdle", 2000, "Half way only comments come: a proxy keeps a dead model’s line open."),
      late("Only empty chunks", "contentIdle", 2000, "Half way the chunks go on, with nothing in them."),
      late("No end", "total", 6000, "The model repeats itself for ever. Only a limit on the whole can stop it."),
    ],
  },
]

function late(label: string, phase: keyof ChunkTimeouts, ms: number, hint: string): Scenario {
  const model = `demo-${phase.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`)}`
  return { label, model, hint, timeouts: { [phase]: ms / pace } }
}
