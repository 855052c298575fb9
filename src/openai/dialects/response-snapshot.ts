/*
 * Law: what the events of a response add up to. Items are told apart by their output index and never by their ID, which
 * some providers change on every event. What a delta brought is not taken again from the event that repeats it whole.
 */
import type { ProviderErrorBody } from "../../errors.ts"
import type { OpenEnum } from "./chat-chunk.ts"
import type { ChunkAccumulator, ResolvedLimits, ResponseCursor } from "../reading/chunk-dialect.ts"
import { isIndex, isObject, objectsIn, placeOf, textOr, type Fields } from "../reading/fields.ts"
import { checkLimit } from "../reading/limits.ts"
import { bodyOf, isErrorType, providerErrorOf } from "../reading/provider-error.ts"

/** An output item of a response as far as it has come. */
export interface ResponseItemSnapshot {
  /** Its place in the output. */
  outputIndex: number
  /** Its type, such as `"message"` or `"function_call"`; `""` where no event named it. */
  type: OpenEnum<"message" | "reasoning" | "function_call" | "custom_tool_call">
  /** Of a call: the ID that the result refers to. */
  callId: string | null
  /** Of a call: the name of the tool. */
  name: string | null
  /** The text of the item, of all its parts. */
  text: string
  /** The refusal. */
  refusal: string
  /** The reasoning, or its summary. */
  reasoning: string
  /** Of a call: its arguments, input or code. */
  arguments: string
  /** The item as the provider last sent it whole, `null` where it did not. */
  item: unknown
}

/** A response as far as it has come. */
export interface ResponseSnapshot<Final = unknown> {
  /** The first ID that an event named. */
  responseId: string | null
  /** How far the response is, or how it ended. */
  status: OpenEnum<"queued" | "in_progress" | "completed" | "failed" | "incomplete" | "cancelled"> | null
  /** The text of all messages. */
  text: string
  /** The reasoning, or its summaries. */
  reasoning: string
  /** The refusal. */
  refusal: string
  /** The output items, in order. */
  items: ResponseItemSnapshot[]
  /** What the request cost, `null` where no event said. */
  usage: Record<string, unknown> | null
  /** The response of the terminal event, `null` before it. */
  final: Final | null
  /** The error that the response failed with. */
  error: ProviderErrorBody | null
}

type Part = "text" | "refusal" | "reasoning" | "arguments"

// Which part of an item an event adds to, by its type without the last word.
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

/** Only of its own members: the type is a name that a stream chose. */
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
