import type { ChatCompletionChunk } from "steadystream/openai"
import type { LogEntry } from "./event-log.ts"

/** Converts a chunk to a row of a log: only the part that it adds, without the fields that all chunks share, such as the answer’s ID. */
export function chunkEntry(chunk: ChatCompletionChunk): LogEntry {
  return { event: "message", data: JSON.stringify(additionOf(chunk)) }
}

function additionOf({ choices, usage }: ChatCompletionChunk): unknown {
  const choice = choices?.[0]
  if (choice === undefined) {
    return { usage: { prompt_tokens: usage?.prompt_tokens, completion_tokens: usage?.completion_tokens } }
  }
  if (choice.finish_reason) return { finish_reason: choice.finish_reason }
  const [call] = choice.delta?.tool_calls ?? []
  if (call === undefined) return choice.delta
  const { name, arguments: input } = call.function ?? {}
  return name ? { [`tool_calls[${call.index}].name`]: name } : { [`tool_calls[${call.index}]`]: input }
}
