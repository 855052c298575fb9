/*
 * Folds the events of a response into its snapshot. Items are told apart by their output index; without one, by their ID.
 * Text is never added twice: an event that repeats a text in full adds only what was missing.
 */
import type { ProviderErrorBody } from "../../errors.ts"
import type { OpenEnum } from "./chat-chunk.ts"
import type { ChunkAccumulator, ResolvedLimits, ResponseCursor } from "../reading/chunk-dialect.ts"
import {
  indexIn,
  isIndex,
  isObject,
  objectsIn,
  placeOf,
  takeHalf,
  textOr,
  type Fields,
  wholePiece,
} from "../reading/fields.ts"
import { KeptFields } from "./kept-fields.ts"
import { checkLimit } from "../reading/limits.ts"
import { bodyOf, isErrorType, providerErrorOf } from "../reading/provider-error.ts"
import {
  foldAnnotations,
  foldItem,
  isTerminalType,
  ItemState,
  partOf,
  placeInItem,
  type Part,
  type ResponseItemSnapshot,
} from "./response-item.ts"

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
  /** The full response of the terminal event; `null` before it, and if it is too large, as in {@link ResponseItemSnapshot}. */
  final: Final | null
  /** The error that the response failed with; `null` if there is none. */
  error: ProviderErrorBody | null
}

// How often the text of an answer is put together anew, which takes time in its length.
const MAX_REPAIRS = 256
const WHOLE = ["text", "refusal", "arguments", "input", "code"]
const LATE_TEXTS = new WeakMap<object, string>()
const DELTA = ".delta"
const DONE = ".done"

export class ResponseAccumulator<Final> implements ChunkAccumulator<object, ResponseSnapshot<Final>> {
  readonly #limits: ResolvedLimits
  readonly #isResumed: boolean
  readonly #states: ItemState[] = []
  /** The item that was added to last, by the kind of the part. */
  readonly #last: Partial<Record<Part, ItemState>> = {}
  // Full items and responses are large, so their budget is larger than that of unknown members.
  readonly #kept: KeptFields = new KeptFields(8)
  #lateText = ""
  #hasEnded = false
  #repairs = 0
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
    this.#isResumed = after !== undefined
  }

  get cursor(): ResponseCursor | undefined {
    const sequenceNumber = this.#sequenceNumber
    return sequenceNumber === undefined ? undefined : { responseId: this.value.responseId, sequenceNumber }
  }

  push(chunk: object): void {
    this.pushHeartbeat(chunk)
    const event = chunk as Fields
    const { type, response } = event
    if (typeof type !== "string") {
      // Some gateways send the whole response as one event.
      if (event["object"] === "response") this.#pushLate(chunk, `response.${textOr(event["status"])}`, event)
    } else if (type.endsWith(DELTA)) this.#pushDelta(type, event)
    else if (isObject(response)) this.#pushLate(chunk, type, response)
    else if (isErrorType(type)) this.value.error ??= providerErrorOf(event, "error")
    else this.#pushLate(chunk, type)
  }

  pushHeartbeat(json: object): void {
    const number = (json as Fields)["sequence_number"]
    if (isIndex(number) && !(number <= (this.#sequenceNumber ?? -1))) this.#sequenceNumber = number
  }

  missing(): string | null {
    return this.#hasEnded ? null : "terminal-event"
  }

  #pushDelta(type: string, event: Fields): void {
    const part = partOf(type.slice(0, -DELTA.length))
    if (part !== undefined && typeof event["delta"] === "string") {
      this.#append(this.#stateOf(event), part, placeInItem(event), event["delta"])
    }
  }

  /** Folds an event that may repeat earlier text, and notes the text that was missing. */
  #pushLate(chunk: object, type: string, response?: Fields): void {
    this.#lateText = ""
    const event = chunk as Fields
    if (response) this.#pushResponse(type, response)
    else if (isObject(event["item"])) this.#pushItem(type, event, event["item"])
    else if (isObject(event["part"])) this.#pushContentPart(event, event["part"])
    else if (isObject(event["annotation"]))
      foldAnnotations(this.#stateOf(event), event, [event["annotation"]], this.#kept)
    else if (type.endsWith(DONE)) this.#pushWhole(type, event)
    // After a resumption, the text before it is not missing.
    if (this.#lateText !== "" && !this.#isResumed) LATE_TEXTS.set(chunk, this.#lateText)
  }

  #pushWhole(type: string, event: Fields): void {
    const part = partOf(type.slice(0, -DONE.length))
    if (part === undefined) return
    const whole = WHOLE.map((name) => textOr(event[name])).find((text) => text !== null)
    if (whole !== undefined) this.#complete(this.#stateOf(event), part, placeInItem(event), whole)
  }

  #pushContentPart(event: Fields, { type, text, refusal, annotations }: Fields): void {
    const state = this.#stateOf(event)
    const place = placeInItem(event)
    if (type === "output_text") this.#complete(state, "text", place, textOr(text) ?? "")
    foldAnnotations(state, event, objectsIn(annotations), this.#kept, true)
    if (type === "refusal") this.#complete(state, "refusal", place, textOr(refusal) ?? "")
  }

  #pushItem(type: string, event: Fields, item: Fields): void {
    this.#fold(this.#stateOf(event, textOr(item["id"]), type.endsWith(".added")), item)
  }

  #fold(state: ItemState, item: Fields): void {
    for (const [part, whole] of foldItem(state, item, this.#kept)) this.#replace(state, part, whole)
  }

  #append(state: ItemState, part: Part, place: string, text: string): void {
    const key = `${part}${place}`
    state.parts.set(key, (state.parts.get(key) ?? "") + text)
    state.lastKey = key
    const whole = wholePiece(state, key, text)
    state.snapshot[part] += whole
    if (part !== "arguments") this.#appendToAnswer(state, part, whole, text)
  }

  /** @param received - The text as it came, which `textDeltas()` puts together by itself. */
  #appendToAnswer(state: ItemState, part: Exclude<Part, "arguments">, text: string, received: string): void {
    this.#last[part] = state
    this.value[part] += text
    if (part === "text") this.#lateText += received
  }

  /** Adds what is missing of one part of an item. */
  #complete(state: ItemState, part: Part, place: string, whole: string): void {
    const key = `${part}${place}`
    const received = state.parts.get(key) ?? ""
    if (whole.length <= received.length) return
    if (whole.startsWith(received) && (received === "" || state.lastKey === key)) {
      this.#append(state, part, place, whole.slice(received.length))
    } else if (this.#repairs++ < MAX_REPAIRS) {
      state.parts.set(key, whole)
      const half = takeHalf(state, key)
      this.#replace(
        state,
        part,
        state.snapshot[part].replace(received.slice(0, received.length - half.length), () => whole),
      )
    }
  }

  /** Takes the whole text of an item if it is longer than the text so far. */
  #replace(state: ItemState, part: Part, whole: string): void {
    const { value } = this
    const received = state.snapshot[part]
    if (whole.length <= received.length) return
    const isSuffix = whole.startsWith(received) && (received === "" || this.#last[part] === state)
    if (part !== "arguments" && !isSuffix && this.#repairs++ >= MAX_REPAIRS) return
    state.snapshot[part] = whole
    const half = takeHalf(state, state.lastKey)
    if (part === "arguments") return
    const rest = whole.slice(received.length)
    if (isSuffix) this.#appendToAnswer(state, part, rest, rest.slice(half.length))
    else value[part] = value.items.map((item) => item[part]).join("")
  }

  #pushResponse(type: string, response: Fields): void {
    const { value } = this
    value.responseId ??= textOr(response["id"])
    value.status = textOr(response["status"]) ?? type.slice(type.lastIndexOf(".") + 1)
    if (isObject(response["usage"])) this.#kept.set(value, "usage", response["usage"])
    if (isObject(response["error"])) value.error ??= bodyOf(response["error"], response)
    if (!isTerminalType(type)) return
    this.#hasEnded = true
    this.#kept.set(value, "final", response)
    const free = new Set(this.#states)
    objectsIn(response["output"]).forEach((item, place) => this.#fold(this.#stateOfOutput(item, place, free), item))
  }

  /** Returns the state of the item that an event names. */
  #stateOf(event: Fields, id: string | null = textOr(event["item_id"]), isNew = false): ItemState {
    const index = indexIn(event["output_index"])
    const state = index === undefined ? this.#stateOfId(id, isNew) : this.#stateAt(index)
    if (id !== null) state.id = id
    return state
  }

  #stateOfId(id: string | null, isNew: boolean): ItemState {
    const last = this.#states.at(-1)
    const found = id === null ? undefined : this.#states.find((state) => state.id === id)
    if (found) return found
    if (last && !isNew && (id === null || last.id === null)) return last
    return this.#stateAt(last ? last.snapshot.outputIndex + 1 : 0)
  }

  /** Returns the state of an item of the full response, whose place may differ from the output index of its events. */
  #stateOfOutput(item: Fields, place: number, free: Set<ItemState>): ItemState {
    const id = textOr(item["id"])
    const isAlike = ({ snapshot }: ItemState): boolean => snapshot.type === "" || snapshot.type === item["type"]
    const states = [...free]
    const found =
      states.find((state) => id !== null && state.id === id) ??
      states.find((state) => state.snapshot.outputIndex === place && isAlike(state)) ??
      states.find(isAlike)
    const last = this.#states.at(-1)?.snapshot.outputIndex ?? -1
    const state = found ?? this.#stateAt(Math.max(place, last + 1))
    free.delete(state)
    return state
  }

  #stateAt(index: number): ItemState {
    const states = this.#states
    const at = placeOf(states, index, ({ snapshot }) => snapshot.outputIndex)
    const found = states[at - 1]
    if (found?.snapshot.outputIndex === index) return found
    checkLimit(states.length + 1, "maxToolCalls", this.#limits)
    const state = new ItemState(index)
    states.splice(at, 0, state)
    this.value.items.splice(at, 0, state.snapshot)
    return state
  }
}

/** Returns the text that an event other than a delta adds to the answer, since no delta had brought it. */
export function lateTextOf(event: object): string {
  return LATE_TEXTS.get(event) ?? ""
}
