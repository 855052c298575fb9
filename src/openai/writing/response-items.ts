/* The events of one output item: added, its parts or arguments, done. They have no sequence numbers yet. */
import type { BegunCall } from "./call-register.ts"
import { WholeText } from "./whole-text.ts"

export type Fields = Record<string, unknown>

/** An event without a sequence number. */
export interface UnnumberedEvent extends Fields {
  readonly type: string
}

/** The final status of an item. */
export type ItemStatus = "completed" | "incomplete"

/** The kinds of text in a content part. */
export type ContentKind = "text" | "refusal" | "reasoning"

const PARTS = {
  text: { owner: "message", prefix: "msg_", type: "output_text", field: "text", extra: { logprobs: [] } },
  refusal: { owner: "message", prefix: "msg_", type: "refusal", field: "refusal", extra: {} },
  reasoning: { owner: "reasoning", prefix: "rs_", type: "reasoning_text", field: "text", extra: {} },
} as const

/** Returns the type of the item that holds a kind of content, and the prefix of its ID. */
export function ownerOf(kind: ContentKind): { readonly owner: string; readonly prefix: string } {
  return PARTS[kind]
}

/** A message or reasoning: an item with parts of text. */
export class ContentItem {
  readonly owner: string
  readonly #id: string
  readonly #index: number
  readonly #content: Fields[] = []
  #kind: ContentKind | undefined = undefined
  #text = ""
  readonly #written: WholeText = new WholeText()

  constructor(owner: string, id: string, index: number) {
    this.owner = owner
    this.#id = id
    this.#index = index
  }

  open(): UnnumberedEvent[] {
    return [itemEvent("added", this.#index, this.value("in_progress"))]
  }

  add(kind: ContentKind, delta: string): UnnumberedEvent[] {
    const events = kind === this.#kind ? [] : [...this.#closePart(), this.#openPart(kind)]
    this.#text += delta
    return [...events, ...this.#deltas(kind, this.#written.add(delta))]
  }

  close(status: ItemStatus): UnnumberedEvent[] {
    return [...this.#closePart(), itemEvent("done", this.#index, this.value(status))]
  }

  value(status: ItemStatus | "in_progress"): Fields {
    const item = { id: this.#id, type: this.owner, status, content: [...this.#content] }
    return this.owner === "message" ? { ...item, role: "assistant" } : { ...item, summary: [] }
  }

  #deltas(kind: ContentKind, delta: string): UnnumberedEvent[] {
    const { type, extra } = PARTS[kind]
    return delta === "" ? [] : [{ type: `response.${type}.delta`, ...this.#place(), delta, ...extra }]
  }

  #openPart(kind: ContentKind): UnnumberedEvent {
    this.#kind = kind
    this.#text = ""
    this.#content.push(partOf(kind, ""))
    return { type: "response.content_part.added", ...this.#place(), part: partOf(kind, "") }
  }

  #closePart(): UnnumberedEvent[] {
    const kind = this.#kind
    if (kind === undefined) return []
    const { type, field, extra } = PARTS[kind]
    const part = partOf(kind, this.#text)
    this.#content[this.#content.length - 1] = part
    const done = { type: `response.${type}.done`, ...this.#place(), [field]: this.#text, ...extra }
    this.#kind = undefined
    return [
      ...this.#deltas(kind, this.#written.end()),
      done,
      { type: "response.content_part.done", ...this.#place(), part },
    ]
  }

  #place(): { item_id: string; output_index: number; content_index: number } {
    return { item_id: this.#id, output_index: this.#index, content_index: this.#content.length - 1 }
  }
}

/** A function call. */
export class CallItem {
  readonly #call: BegunCall
  readonly #place: { readonly item_id: string; readonly output_index: number }

  constructor(call: BegunCall, id: string, index: number) {
    this.#call = call
    this.#place = { item_id: id, output_index: index }
  }

  open(): UnnumberedEvent[] {
    return [itemEvent("added", this.#place.output_index, { ...this.value("in_progress"), arguments: "" })]
  }

  add(delta: string): UnnumberedEvent[] {
    return delta === "" ? [] : [{ type: "response.function_call_arguments.delta", ...this.#place, delta }]
  }

  close(status: ItemStatus): UnnumberedEvent[] {
    const done = { type: "response.function_call_arguments.done", ...this.#place, arguments: this.#call.arguments }
    return [
      ...this.add(this.#call.written.end()),
      done,
      itemEvent("done", this.#place.output_index, this.value(status)),
    ]
  }

  value(status: ItemStatus | "in_progress"): Fields {
    const { id, name, arguments: json } = this.#call
    return { id: this.#place.item_id, type: "function_call", status, call_id: id, name, arguments: json }
  }
}

function itemEvent(step: "added" | "done", index: number, item: Fields): UnnumberedEvent {
  return { type: `response.output_item.${step}`, output_index: index, item }
}

function partOf(kind: ContentKind, text: string): Fields {
  const { type, field } = PARTS[kind]
  return kind === "text" ? { type, text, annotations: [], logprobs: [] } : { type, [field]: text }
}
