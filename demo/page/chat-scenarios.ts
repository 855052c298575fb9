import type { ChunkTimeouts } from "steadystream/openai"
import { pace } from "./pace.ts"

/** One way for the answer of the third panel to go. */
export interface Scenario {
  readonly label: string
  readonly model: string
  /** What the server does, and how the reader handles it. */
  readonly hint: string
  /** A question that fits the answer. */
  readonly question?: string
  /** The only timeout that is set. */
  readonly timeouts?: ChunkTimeouts
  /** Whether the page cancels halfway. */
  readonly cancels?: boolean
}

export const QUESTION = "What are server-sent events?"

/** All scenarios, in the groups that the page shows. */
export const SCENARIOS: readonly { readonly title: string; readonly scenarios: readonly Scenario[] }[] = [
  {
    title: "Complete",
    scenarios: [
      {
        label: "Text",
        model: "demo",
        hint: "The text arrives token by token, then the finish reason, the usage and [DONE].",
      },
      {
        label: "Tool calls",
        model: "demo-tool-call",
        question: "Can two of us get to Bergen tonight?",
        hint: "Text, then two tool calls whose arguments arrive in pieces. The reader joins the pieces.",
      },
      {
        label: "Reasoning",
        model: "demo-reasoning",
        question: "Is 2027 a prime?",
        hint: "The model’s reasoning arrives first, in a separate field. Each provider names this field differently.",
      },
    ],
  },
  {
    title: "Interrupted",
    scenarios: [
      {
        label: "Error halfway",
        model: "demo-error",
        hint: "The error arrives as an event after status 200. The reader throws it and keeps the text.",
      },
      {
        label: "Cut halfway",
        model: "demo-cut",
        hint: "The connection closes cleanly in the middle. The reader reports that the answer is incomplete.",
      },
      {
        label: "Cancelled halfway",
        model: "demo",
        cancels: true,
        hint: "The page cancels. The request is aborted, and the server stops the model.",
      },
    ],
  },
  {
    title: "Timed out",
    scenarios: [
      late("No response", "connect", 2000, "The server accepts the request and never answers."),
      late(
        "No first token",
        "firstContent",
        2000,
        "The stream opens, but the model never starts. Only comments arrive.",
      ),
      late("Silence", "idle", 2000, "Halfway, the server stops sending. The connection stays open."),
      late(
        "Only comments",
        "eventIdle",
        2000,
        "Halfway, the model stops. A proxy keeps the connection open with comments.",
      ),
      late("Only empty chunks", "contentIdle", 2000, "Halfway, the chunks become empty, and more of them arrive."),
      late("No end", "total", 6000, "The model repeats itself for ever. Only a limit on the total time stops it."),
    ],
  },
]

function late(label: string, phase: keyof ChunkTimeouts, ms: number, hint: string): Scenario {
  const model = `demo-${phase.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`)}`
  return { label, model, hint, timeouts: { [phase]: ms / pace } }
}
