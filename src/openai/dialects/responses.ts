import type { ProviderErrorBody } from "../../errors.ts"
import { dropHeartbeat } from "./choices.ts"
import type { ChunkDialect } from "../reading/chunk-dialect.ts"
import { openChunks } from "../reading/chunk-reader.ts"
import type { ChunkSource, ChunkStream, ReadChunksOptions } from "../reading/chunk-stream.ts"
import { textOr, type Fields } from "../reading/fields.ts"
import { providerErrorOf } from "../reading/provider-error.ts"
import type { ResponseEventType } from "./response-event-types.ts"
import { isTerminalType, ResponseAccumulator, type ResponseSnapshot } from "./response-snapshot.ts"

/** An event of the Responses API, as all of them have in common; give the type of the provider's package for the rest. */
export interface ResponseEvent {
  /** What happened. */
  type: ResponseEventType
  /** Rises from event to event, not always by one; missing from some providers. */
  sequence_number?: number
}

/** Options of {@link readResponses}. */
export interface ReadResponsesOptions extends ReadChunksOptions {
  /**
   * The `sequence_number` of the last event that was read before, on a stream that is resumed: events up to it are
   * folded into the snapshot where they come again, and not given out.
   */
  readonly after?: number | undefined
}

// How long the terminal event is waited for after an error, in milliseconds.
const ERROR_GRACE = 1_000

/**
 * Reads a stream of the Responses API.
 *
 * Gives out the provider's own events, unknown types included; only a terminal event makes the answer whole. A response
 * that failed or is incomplete ends the iteration like one that is completed: `snapshot.status` tells them apart. An
 * `error` event is thrown, after the `response.failed` that follows it has been folded into the snapshot.
 * `(await stream.ended).cursor` is what `starting_after` takes; resuming is for responses made in background mode.
 *
 * @typeParam Event - The type of the events, such as `ResponseStreamEvent` of the `openai` package.
 * @typeParam Final - The type of the whole response, such as `Response` of the `openai` package.
 * @throws TypeError at once, where the source is none or its body is locked.
 * @throws {@link SseError} from the iteration, as from {@link readChatCompletions}.
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
  )
}

/** How responses are read, without what came up to `after` before. */
export function responseDialect<Final>(after?: number): ChunkDialect<object, ResponseSnapshot<Final>> {
  return {
    name: "responses",
    sentinel: "[DONE]",
    errorGrace: ERROR_GRACE,
    decode,
    error,
    isContent,
    isTerminal: (event) => isTerminalType((event as Fields)["type"]),
    isReplayed: (event) => after !== undefined && ((event as Fields)["sequence_number"] as number) <= after,
    textOf: (event) =>
      typeOf(event) === "response.output_text.delta" ? (textOr((event as Fields)["delta"]) ?? "") : "",
    accumulate: (limits) => new ResponseAccumulator<Final>(limits, after),
  }
}

function decode(json: object, event: string): object | null {
  // Some providers name the type only where the event stream does.
  if (typeOf(json) === undefined && event !== "message") return { type: event, ...json }
  return dropHeartbeat(json)
}

function error(json: object, event: string): ProviderErrorBody | null {
  const type = typeOf(json)
  const isOther = typeof type === "string" && type.startsWith("response.") && type !== "response.error"
  return isOther ? null : providerErrorOf(json, event)
}

function isContent(event: object): boolean {
  const type = typeOf(event)
  if (typeof type !== "string") return false
  return type.endsWith(".delta") || type.endsWith(".partial_image") || isTerminalType(type)
}

function typeOf(event: object): unknown {
  return (event as Fields)["type"]
}
