/*
 * Folds the events of a response into its snapshot. Items are told apart by their output index and never by their ID, which
 * some providers change on every event. Text from deltas is not added again from the event that repeats it in full.
 */
import type { ProviderErrorBody } from "../../errors.ts"
import type { OpenEnum } from "./chat-chunk.ts"
import type { ChunkAccumulator, ResolvedLimits, ResponseCursor } from "../reading/chunk-dialect.ts"
import { isIndex, isObject, objectsIn, placeOf, textOr, type Fields } from "../reading/fields.ts"
import { checkLimit } from "../reading/limits.ts"
import { bodyOf, isErrorType, providerErrorOf } from "../reading/provider-error.ts"

/** An output item of a response, so far. */
export interface ResponseItemSnapshot {
  /** The place of the item in the output. */
  outputIndex: number
  /** The type of the item, such as `"message"` or `"function_call"`; `""` before an event names it. */
  type: OpenEnum<"message" | "reasoning" | "function_call" | "custom_tool_call">
  /** The ID of a call, to which its result refers; `null` for other items. */
  callId: string | null
  /** The name of the called tool; `null` for other items. */
  name: string | null
  /** The text of all parts of the item. */
  text: string
  /** The refusal. */
  refusal: string
  /** The reasoning, or its summary. */
  reasoning: string
  /** The arguments, input or code of a call so far; JSON text may end anywhere. */
  arguments: string
  /** The latest full item that the provider sent, `null` before it. */
  item: unknown
}

/** A response, so far. */
export interface ResponseSnapshot<Final = unknown> {
  /** The first ID that an event named; `null` before it. */
  responseId: string | null
  /** The state of the response; `null` before an event names it. */
  status: OpenEnum<"queued" | "in_progress" | "completed" | "failed" | "incomplete" | "cancelled"> | null
  /** The text of all messages. */
  text: string
  /** The reasoning of all items, or its summaries. */
  reasoning: string
  /** The refusals of all messages. */
  refusal: string
  /** The output items, in the order of their output index. */
  items: ResponseItemSnapshot[]
  /** The cost of the request; `null` before an event has it. */
  usage: Record<string, unknown> | null
  /** The full response of the terminal event; `null` before it. */
  final: Final | null
  /** The error that the response failed with; `null` if there is none. */
  error: ProviderErrorBody | null
}

type Part = "text" | "refusal" | "reasoning" | "arguments"

// The part of an item that an event adds to, by the type of the event without its last word.
const PARTS: Readonly<Record<string, Part>> = {
  "response.output_text": "text",
  "response.refusal": "refusal",
  "response.reasoning_text": "reasoning",
  "response.reasoning_summary_text": "reasoning",
  "response.function_call_arguments": "arguments",
  "response.custom_tool_call_input": "arguments",
  "response.mcp_call_arguments": "arguments",
  "response.code_interpreter_call_code": "arguments",
}
const WHOLE = ["text", "refusal", "arguments", "input", "code"]
const DELTA = ".delta"
const DONE = ".done"

export class ResponseAccumulator<Final> implements ChunkAccumulator<object, ResponseSnapshot<Final>> {
  readonly #limits: ResolvedLimits
  #sequenceNumber: number | undefined
  readonly value: ResponseSnapshot<Final> = {
    responseId: null,
    status: null,
    text: "",
    reasoning: "",
    refusal: "",
    items: [],
    usage: null,
    final: null,
    error: null,
  }

  constructor(limits: ResolvedLimits, after: number | undefined) {
    this.#limits = limits
    this.#sequenceNumber = after
  }

  get cursor(): ResponseCursor | undefined {
    const sequenceNumber = this.#sequenceNumber
    return sequenceNumber === undefined ? undefined : { responseId: this.value.responseId, sequenceNumber }
  }

  push(chunk: object): void {
    this.pushHeartbeat(chunk)
    const event = chunk as Fields
    const { type, response } = event
    if (typeof type !== "string") return
    if (type.endsWith(DELTA)) this.#pushDelta(type, event)
    else if (isObject(response)) this.#pushResponse(type, response)
    else if (isObject(event["item"])) this.#pushItem(event, event["item"])
    else if (type.endsWith(DONE)) this.#pushWhole(type, event)
    else if (isErrorType(type)) this.value.error ??= providerErrorOf(event, "error")
  }

  pushHeartbeat(json: object): void {
    const number = (json as Fields)["sequence_number"]
    if (isIndex(number) && !(number <= (this.#sequenceNumber ?? -1))) this.#sequenceNumber = number
  }

  missing(): string | null {
    return this.value.final === null ? "terminal-event" : null
  }

  #pushDelta(type: string, event: Fields): void {
    const part = partOf(type.slice(0, -DELTA.length))
    if (part !== undefined && typeof event["delta"] === "string") {
      this.#append(this.#itemOf(event["output_index"]), part, event["delta"])
    }
  }

  #pushWhole(type: string, event: Fields): void {
    const part = partOf(type.slice(0, -DONE.length))
    if (part === undefined) return
    const item = this.#itemOf(event["output_index"])
    const whole = WHOLE.map((name) => textOr(event[name])).find((text) => text !== null)
    if (item[part] === "" && whole !== undefined) this.#append(item, part, whole)
  }

  #append(item: ResponseItemSnapshot, part: Part, text: string): void {
    item[part] += text
    if (part !== "arguments") this.value[part] += text
  }

  #pushItem(event: Fields, given: Fields): void {
    const item = this.#itemOf(event["output_index"])
    item.item = given
    item.type = textOr(given["type"]) ?? item.type
    item.callId = textOr(given["call_id"]) ?? item.callId
    item.name = textOr(given["name"]) ?? item.name
    const input = textOr(given["arguments"]) ?? textOr(given["input"]) ?? textOr(given["code"])
    if (item.arguments === "" && input !== null) item.arguments = input
    if (item.text !== "") return
    for (const { type, text } of objectsIn(given["content"])) {
      if (type === "output_text" && typeof text === "string") this.#append(item, "text", text)
    }
  }

  #pushResponse(type: string, response: Fields): void {
    const { value } = this
    value.responseId ??= textOr(response["id"])
    value.status = textOr(response["status"]) ?? type.slice(type.lastIndexOf(".") + 1)
    if (isObject(response["usage"])) value.usage = response["usage"]
    if (isObject(response["error"])) value.error ??= bodyOf(response["error"], response)
    if (isTerminalType(type)) value.final = response as Final
  }

  #itemOf(index: unknown): ResponseItemSnapshot {
    const { items } = this.value
    const wanted = isIndex(index) ? index : (items.at(-1)?.outputIndex ?? 0)
    const at = placeOf(items, wanted, ({ outputIndex }) => outputIndex)
    const found = items[at - 1]
    if (found?.outputIndex === wanted) return found
    checkLimit(items.length + 1, "maxToolCalls", this.#limits)
    const item = newItem(wanted)
    items.splice(at, 0, item)
    return item
  }
}

export function isTerminalType(type: unknown): boolean {
  return type === "response.completed" || type === "response.failed" || type === "response.incomplete"
}

/** Returns the part for a type. Own members only, since the stream chooses the name. */
function partOf(type: string): Part | undefined {
  return Object.hasOwn(PARTS, type) ? PARTS[type] : undefined
}

function newItem(outputIndex: number): ResponseItemSnapshot {
  return {
    outputIndex,
    type: "",
    callId: null,
    name: null,
    text: "",
    refusal: "",
    reasoning: "",
    arguments: "",
    item: null,
  }
}
