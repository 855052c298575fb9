import type { ProviderErrorBody } from "../../errors.ts"
import { dropHeartbeat } from "./choices.ts"
import type { ChunkDialect } from "../reading/chunk-dialect.ts"
import type { OptionKinds } from "../../internal/option-checks.ts"
import { openChunks } from "../reading/chunk-reader.ts"
import { READING_KINDS } from "../reading/reading.ts"
import type { ChunkSource, ChunkStream, ReadChunksOptions } from "../reading/chunk-stream.ts"
import { isObject, textOr, type Fields } from "../reading/fields.ts"
import { bodyOf, providerErrorOf } from "../reading/provider-error.ts"
import type { ResponseEventType } from "./response-event-types.ts"
import { isTerminalType } from "./response-item.ts"
import { lateTextOf, ResponseAccumulator, type ResponseSnapshot } from "./response-snapshot.ts"

/** The members that all events of the Responses API have; a type parameter of {@link readResponses} adds the others. */
export interface ResponseEvent {
  /** The type of the event. */
  type: ResponseEventType
  /** The number of the event. It rises, but not always by one; some providers do not send it. */
  sequence_number?: number
}

/** Options of {@link readResponses}. */
export interface ReadResponsesOptions extends ReadChunksOptions {
  /**
   * The `sequence_number` of the last event that was read before a resumption. If events up to it arrive again, they are
   * folded into the snapshot, but the iteration does not return them.
   * @defaultValue off: every event is returned
   */
  readonly after?: number | undefined
}

// The wait for the terminal event after an error, in milliseconds.
const ERROR_GRACE = 1_000

/**
 * Reads a streamed response of the Responses API.
 *
 * The iteration returns the provider's own events, unknown types included. The answer is complete at a terminal event:
 * `response.completed` or `response.incomplete`, and `snapshot.status` says which one it was. A `response.failed` or an
 * `error` event fails the iteration with {@link SseProviderError}; after an `error` event, a `response.failed` that
 * follows within a second is folded into the snapshot first.
 *
 * A response in background mode can be resumed: `(await stream.ended).cursor` has the values for `starting_after` and for
 * the option `after`.
 *
 * @typeParam Event - The type of the events, such as `ResponseStreamEvent` of the `openai` package.
 * @typeParam Final - The type of the full response, such as `Response` of the `openai` package.
 * @throws TypeError at once if `source` is not a source of chunks, or its body is locked or used.
 * @throws RangeError at once if a timeout is NaN or negative, or a limit is less than 1.
 * @throws {@link SseError} from the iteration, the same errors as from {@link readChatCompletions}.
 * @see https://platform.openai.com/docs/api-reference/responses-streaming
 * @example
 * ```ts
 * import { readResponses } from "steadystream/openai"
 *
 * const body = 'data: {"type":"response.output_text.delta","output_index":0,"delta":"Hi"}\n\n' +
 *   'data: {"type":"response.completed","response":{"id":"resp_1","status":"completed"}}\n\n'
 * const stream = readResponses(body)
 * for await (const text of stream.textDeltas()) console.log(text) // Hi
 * console.log(stream.snapshot.status) // completed
 * ```
 */
export function readResponses<Event extends object = ResponseEvent, Final = unknown>(
  source: ChunkSource,
  options: ReadResponsesOptions = {},
): ChunkStream<Event, ResponseSnapshot<Final>> {
  const dialect = responseDialect<Final>(options.after)
  return openChunks(
    source,
    dialect as ChunkDialect<object, unknown> as ChunkDialect<Event, ResponseSnapshot<Final>>,
    options,
    { ...READING_KINDS, after: "a number" } as OptionKinds<ReadResponsesOptions>,
  )
}

/** Returns the dialect of responses; events up to `after` were read before. */
export function responseDialect<Final>(after?: number): ChunkDialect<object, ResponseSnapshot<Final>> {
  return {
    name: "responses",
    sentinel: "[DONE]",
    errorGrace: ERROR_GRACE,
    decode,
    error,
    isContent,
    // Other providers have events of their own, all with a dot in their type.
    isPart: (event) => textOr(typeOf(event))?.includes(".") === true,
    isTerminal: (event) => isTerminalType((event as Fields)["type"]),
    isReplayed: (event) => after !== undefined && ((event as Fields)["sequence_number"] as number) <= after,
    textOf: (event) =>
      typeOf(event) === "response.output_text.delta" ? (textOr((event as Fields)["delta"]) ?? "") : lateTextOf(event),
    accumulate: (limits) => new ResponseAccumulator<Final>(limits, after),
  }
}

function decode(json: object, event: string): object | null {
  // Some providers name the type only in the event field of the stream.
  const isNamed = typeOf(json) === undefined && event !== "message"
  const payload = dropHeartbeat(json, event)
  return isNamed && payload ? { type: event, ...payload } : payload
}

function error(json: object, event: string): ProviderErrorBody | null {
  const type = typeOf(json) ?? event
  const { response = json, object } = json as Fields
  // The status has the last word: some servers end every response with "response.completed".
  const isEnd = isTerminalType(type) || object === "response"
  const hasFailed = isEnd && isObject(response) && /^(?:failed|cancelled)$/.test(textOr(response["status"]) ?? "")
  if (type === "response.failed" || hasFailed) return failureOf(response)
  return isOwnType(type) && type !== "response.error" ? null : providerErrorOf(json, event)
}

/** Returns the error of a response that failed or was cancelled, which names one, or should. */
function failureOf(response: unknown): ProviderErrorBody {
  const reported = isObject(response) ? response["error"] : undefined
  return bodyOf(reported ?? { message: "The response failed" }, {})
}

function isOwnType(type: unknown): boolean {
  return typeof type === "string" && type.startsWith("response.")
}

function isContent(event: object): boolean {
  const type = typeOf(event)
  if (typeof type !== "string") return false
  return type.endsWith(".delta") || type.endsWith(".partial_image") || isTerminalType(type)
}

function typeOf(event: object): unknown {
  return (event as Fields)["type"]
}
