import type { AnswerSource } from "./answer-delta.ts"
import { composeItems } from "./composed-items.ts"
import { type ResponseEventsOptions, type ResponseStreamEvent, ResponseComposer } from "./response-composer.ts"

/**
 * Builds the events of a Responses stream from pieces of text, reasoning and tool calls. {@link chunkResponse} and
 * {@link encodeChunks} write them with `dialect: "responses"`.
 *
 * `response.created` and `response.in_progress` are returned before the first delta is requested. The events of the output
 * items follow, with reasoning as `reasoning_text`. The last event has all items: `response.completed`, or
 * `response.incomplete` if the finish reason is `"length"` or `"content_filter"`. Sequence numbers rise from 0 without a
 * gap. Leaving the iteration stops the source of the deltas at once. An error of that source is thrown unchanged.
 *
 * @param deltas - The pieces of the answer: an (async) iterable, a stream, or a string as one piece.
 * @throws TypeError at once if `deltas` is none of these, or is a locked stream.
 * @throws TypeError from the iteration if a delta is neither a string nor an object with members of the right types and no
 * others, if the first piece of a tool call has no name, if a piece continues a tool call after other content, or if `choice` is not 0.
 * @see https://platform.openai.com/docs/api-reference/responses-streaming
 * @example
 * ```ts
 * import { chunkResponse, responseEvents } from "steadystream/openai"
 *
 * const events = responseEvents(["Hel", "lo"], { model: "parrot" })
 * console.log(await chunkResponse(events, { dialect: "responses" }).text())
 * ```
 */
export function responseEvents(
  deltas: AnswerSource,
  options: ResponseEventsOptions = {},
): AsyncIterableIterator<ResponseStreamEvent, undefined, undefined> {
  return composeItems(deltas, () => new ResponseComposer(options))
}
