import type { AnswerSource } from "./answer-delta.ts"
import { composeItems } from "./composed-items.ts"
import { type ResponseEventsOptions, type ResponseStreamEvent, ResponseComposer } from "./response-composer.ts"

/**
 * Builds the events of a Responses stream from pieces of text, reasoning and tool calls: what {@link chunkResponse} and
 * {@link encodeChunks} take with `dialect: "responses"`.
 *
 * `response.created` and `response.in_progress` come before the first delta is asked for; then the events of the output
 * items, reasoning as `reasoning_text`; at the end `response.completed` with all of them, or `response.incomplete` where
 * the finish reason is `"length"` or `"content_filter"`. Sequence numbers rise from 0 without a gap. Leaving the iteration
 * stops the deltas at once; what they throw comes out as it is.
 *
 * @param deltas - An (async) iterable or a stream of deltas; a string is an answer in one piece.
 * @throws TypeError at once, where `deltas` is none of these.
 * @throws TypeError from the iteration, where the first piece of a tool call has no name, where one goes on after other
 * content, or `choice` is not 0.
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
  return composeItems(deltas, new ResponseComposer(options))
}
