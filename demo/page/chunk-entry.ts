import type { ChatCompletionChunk } from "ssekit/openai"
import type { LogEntry } from "./event-log.ts"

/** A chunk as a row of a log: what it adds, without what is the same in all of them. */
export function chunkEntry(chunk: ChatCompletionChunk): LogEntry {
  return { event: "message", id: `…${chunk.id.slice(-5)}`, data: JSON.stringify(additionOf(chunk)) }
}

function additionOf(chunk: ChatCompletionChunk): unknown {
  const [choice] = chunk.choices
  if (choice === undefined) return { usage: chunk.usage }
  return choice.finish_reason ? { finish_reason: choice.finish_reason } : choice.delta
}
