import type { ChatCompletionChunk } from "steadystream/openai"
import type { LogEntry } from "./event-log.ts"

/** A chunk as a row of a log: what it adds, without what is the same in all of them. */
export function chunkEntry(chunk: ChatCompletionChunk): LogEntry {
  return { event: "message", id: `…${chunk.id.slice(-5)}`, data: JSON.stringify(additionOf(chunk)) }
}

function additionOf({ choices: [choice], usage }: ChatCompletionChunk): unknown {
  if (choice === undefined) {
    return { usage: { prompt_tokens: usage?.prompt_tokens, completion_tokens: usage?.completion_tokens } }
  }
  if (choice.finish_reason) return { finish_reason: choice.finish_reason }
  const [call] = choice.delta.tool_calls ?? []
  if (call === undefined) return choice.delta
  const { name, arguments: input } = call.function ?? {}
  return name ? { [`tool_calls[${call.index}].name`]: name } : { [`tool_calls[${call.index}]`]: input }
}
