/* The output items of a response, and what a full item adds to what its events have brought. */
import type { OpenEnum } from "./chat-chunk.ts"
import type { KeptFields } from "./kept-fields.ts"
import { objectsIn, textOr, type Fields } from "../reading/fields.ts"

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
  /** The annotations of the text, such as the sources that it cites. */
  annotations: unknown[]
  /**
   * The latest full item that the provider sent, `null` before it. What exceeds 134,217,728 characters in one stream, where
   * each member of an object or a list counts as 64 and its name fourfold, is dropped, and so is a value nested deeper than 64 levels.
   */
  item: unknown
}

export type Part = "text" | "refusal" | "reasoning" | "arguments"

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

// The most annotations that one item keeps.
const MAX_ANNOTATIONS = 10_000

/** An item and what is needed to fold its events. */
export class ItemState {
  /** The last ID that an event named. */
  id: string | null = null
  /** The text of each part, by its kind and its place in the item. */
  readonly parts: Map<string, string> = new Map()
  /** The number of annotations of each part, by its place in the item. */
  readonly annotated: Map<string, number> = new Map()
  /** The key of the part that was added to last. */
  lastKey = ""
  readonly snapshot: ResponseItemSnapshot

  constructor(outputIndex: number) {
    this.snapshot = {
      outputIndex,
      type: "",
      callId: null,
      name: null,
      text: "",
      refusal: "",
      reasoning: "",
      arguments: "",
      annotations: [],
      item: null,
    }
  }
}

/** Folds a full item, and returns its texts, by part. */
export function foldItem({ snapshot: item }: ItemState, given: Fields, kept: KeptFields): [Part, string][] {
  kept.set(item, "item", given)
  item.type = textOr(given["type"]) ?? item.type
  item.callId = textOr(given["call_id"]) ?? item.callId
  item.name = textOr(given["name"]) ?? item.name
  const content = objectsIn(given["content"])
  const annotations = content.flatMap((part) => objectsIn(part["annotations"]))
  if (annotations.length > item.annotations.length) {
    item.annotations = []
    kept.append(item.annotations, annotations.slice(0, MAX_ANNOTATIONS))
  }
  const input = textOr(given["arguments"]) ?? textOr(given["input"]) ?? textOr(given["code"])
  const summary = textsOf("summary_text", "text", objectsIn(given["summary"]))
  return [
    ["text", textsOf("output_text", "text", content)],
    ["refusal", textsOf("refusal", "refusal", content)],
    ["reasoning", summary || textsOf("reasoning_text", "text", content)],
    ["arguments", input ?? ""],
  ]
}

/**
 * Adds annotations to the part that an event names.
 *
 * @param isWhole - Whether these are all annotations of the part, of which events may have brought the first ones.
 */
export function foldAnnotations(
  { snapshot: { annotations }, annotated }: ItemState,
  event: Fields,
  given: readonly Fields[],
  kept: KeptFields,
  isWhole = false,
): void {
  const place = placeInItem(event)
  const received = annotated.get(place) ?? 0
  const added = isWhole ? given.slice(received) : given
  annotated.set(place, received + added.length)
  kept.append(annotations, added.slice(0, MAX_ANNOTATIONS - annotations.length))
}

/** Returns the place of a part in its item. */
export function placeInItem(event: Fields): string {
  return String(event["content_index"] ?? event["summary_index"] ?? 0)
}

function textsOf(type: string, name: string, parts: readonly Fields[]): string {
  return parts.map((part) => (part["type"] === type ? (textOr(part[name]) ?? "") : "")).join("")
}

/** Returns the part for a type. Own members only, since the stream chooses the name. */
export function partOf(type: string): Part | undefined {
  return Object.hasOwn(PARTS, type) ? PARTS[type] : undefined
}

export function isTerminalType(type: unknown): boolean {
  return type === "response.completed" || type === "response.failed" || type === "response.incomplete"
}
