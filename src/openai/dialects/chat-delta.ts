/* Reads a delta of a chat completion, or the message that some providers send in its place. */
import { isObject, objectsIn, textOr, type Fields } from "../reading/fields.ts"

const REASONING = ["reasoning_content", "reasoning", "reasoning_text", "thinking"]
/** The members that have their own place in the snapshot. `reasoning_details` stay in `extra`: some providers require them back. */
export const KNOWN_IN_DELTA: ReadonlySet<string> = new Set([
  "role",
  "content",
  "refusal",
  "tool_calls",
  "function_call",
  "audio",
  "images",
  "annotations",
  "reasoning_content",
  "reasoning",
  "reasoning_text",
  "thinking",
])
// The messages whose content was taken, since no delta had brought it.
const TAKEN = new WeakSet()

/** Returns the reasoning that a delta adds, under any name but Mistral's. A delta with both names repeats one text. */
export function reasoningOf(delta: Fields): string | null {
  const named = REASONING.map((name) => textOr(delta[name])).find((text) => text !== null)
  if (named !== undefined || !delta["reasoning_details"]) return named ?? null
  return textOr(
    objectsIn(delta["reasoning_details"])
      .map(({ text, summary }) => textOr(text) ?? textOr(summary) ?? "")
      .join(""),
  )
}

/** Whether a delta adds something. Providers have members of their own: every one but the role counts if it is not empty. */
export function hasContentIn(delta: Fields): boolean {
  return Object.keys(delta).some((name) => name !== "role" && delta[name] && (delta[name] as unknown[]).length !== 0)
}

/** The members of a choice that a message may repeat. */
interface Received extends Record<"content" | "reasoning" | "refusal" | "functionCall" | "audio", unknown> {
  readonly toolCalls: readonly unknown[]
  readonly images: unknown
  readonly annotations: unknown
}

/** Returns what a message, which some providers send in place of a delta, adds to a choice. */
export function missingOf(choice: Received, { message }: Fields): Fields | null {
  if (!isObject(message)) return null
  const missing: Record<string, unknown> = { ...message }
  if (choice.content === null) TAKEN.add(message)
  else missing["content"] = null
  if (choice.reasoning !== null) for (const name of [...REASONING, "reasoning_details"]) missing[name] = null
  if (choice.refusal !== null) missing["refusal"] = null
  if (choice.toolCalls.length > 0) missing["tool_calls"] = null
  if (choice.functionCall !== null) missing["function_call"] = null
  if (choice.audio !== null) missing["audio"] = null
  if (choice.images !== null) missing["images"] = null
  if (choice.annotations !== null) missing["annotations"] = null
  return missing
}

/** Returns the delta of a piece, or the message that was taken in its place. */
export function deltaOf({ delta, message }: Fields): unknown {
  return isObject(message) && TAKEN.has(message) ? message : delta
}
