/*
 * Puts tool calls together from their pieces, however a provider uses index, id, name and arguments. In linear time: text
 * that was put together is read again only a bounded number of times.
 */
import type { OpenEnum } from "./chat-chunk.ts"
import type { ResolvedLimits } from "../reading/chunk-dialect.ts"
import { append, indexIn, isObject, parse, placeOf, takeHalf, textOr, type Fields } from "../reading/fields.ts"
import type { KeptFields } from "./kept-fields.ts"
import { checkLimit } from "../reading/limits.ts"

/** A tool call, so far. */
export interface ToolCallSnapshot {
  /** The place of the call among the calls of its choice. */
  index: number
  /** The first ID that a piece named; `null` before it. */
  id: string | null
  /** The kind of tool. */
  type: OpenEnum<"function" | "custom">
  /** The name of the tool; `null` before its first piece. */
  name: string | null
  /** The JSON text of the arguments so far, which may end anywhere; for a custom tool, its input. */
  arguments: string
  /** All other members of the pieces, such as a signature that the provider requires back; `null` if there are none. */
  extra: Record<string, unknown> | null
}

interface Call {
  readonly snapshot: ToolCallSnapshot
  /** The index on the wire; without one, a number after all earlier calls. */
  readonly wireIndex: number
  /** How often the arguments so far were read again. */
  readings: number
}

// Some providers send a new id with every piece. After this many, no other id or name begins a new call.
const MAX_READINGS = 8
// The shortest text that counts as a repetition when a piece that is not JSON begins with it.
const MIN_REPEATED = 4
// How many times as long the spacing of a provider makes a JSON text.
const MAX_SPACING = 8
const KNOWN = new Set(["index", "id", "type", "function", "custom"])

/**
 * Returns a function that folds an element of `delta.tool_calls` into the calls of one choice.
 *
 * @param snapshots - The calls, kept in order and up to date.
 */
export function toolCallFolder(
  snapshots: ToolCallSnapshot[],
  limits: ResolvedLimits,
  kept: KeptFields,
): (delta: Fields, place: number) => void {
  const calls: Call[] = []
  const byIndex = new Map<number, Call>()
  let last: Call | undefined
  const begin = (wireIndex: number): Call => {
    checkLimit(calls.length + 1, "maxToolCalls", limits)
    const snapshot: ToolCallSnapshot = { index: 0, id: null, type: "function", name: null, arguments: "", extra: null }
    const call = { snapshot, wireIndex, readings: 0 }
    const place = placeOf(calls, wireIndex, (other) => other.wireIndex)
    calls.splice(place, 0, call)
    snapshots.splice(place, 0, snapshot)
    for (let at = place; at < snapshots.length; at++) snapshots[at]!.index = at
    byIndex.set(wireIndex, call)
    return call
  }
  return (delta, place) => {
    const index = indexIn(delta["index"])
    const body = [delta["function"], delta["custom"]].find(isObject) ?? {}
    const id = textOr(delta["id"])
    const name = textOr(body["name"])
    const input = body["arguments"] ?? body["input"]
    // A later element of one delta that has a name but neither index nor id is another call.
    const isLater = place > 0 && name !== null
    const found =
      index !== undefined
        ? byIndex.get(index)
        : id !== null
          ? calls.find(({ snapshot }) => snapshot.id === id)
          : isLater
            ? undefined
            : last
    if (found && !beginsAnother(found, id, name, input, place > 0 && found === last)) last = found
    else last = begin(index ?? (calls.at(-1)?.wireIndex ?? -1) + 1)
    foldPiece(last, delta, id, name, input)
    kept.addAll(last.snapshot, delta, KNOWN)
  }
}

function foldPiece(
  { snapshot: call }: Call,
  delta: Fields,
  id: string | null,
  name: string | null,
  input: unknown,
): void {
  call.id ??= id
  call.type = textOr(delta["type"]) ?? call.type
  call.name = mergeName(call.name, name, call.arguments)
  appendInput(call, input, name !== null)
  if (isObject(input)) call.arguments = JSON.stringify(input)
}

/** Returns a name with one more piece: providers send a name once, in full with every piece, or in pieces. */
export function mergeName(name: string | null, piece: string | null, received: string): string | null {
  if (piece === null || name === null) return name ?? piece
  return piece !== name && received === "" ? name + piece : name
}

/**
 * Appends a piece of the arguments. A piece that repeats the arguments so far from their start takes their place, as some
 * providers send the whole call once more or the arguments so far in every piece.
 */
export function appendInput(call: { arguments: string }, input: unknown, isNamed: boolean): void {
  if (typeof input === "string" && isRepetition(call.arguments, input, isNamed)) {
    takeHalf(call, "arguments")
    call.arguments = ""
  }
  append(call, "arguments", input)
}

function isRepetition(received: string, piece: string, isNamed: boolean): boolean {
  // The length is compared first, so that the text so far is read only in the time of the piece.
  if (received === "") return false
  if (isSameJson(received, piece)) return true
  if (piece.length < received.length || !piece.startsWith(received)) return false
  if (!received.startsWith("{")) return isNamed && received.length >= MIN_REPEATED
  // An object may be the value of a member with the same beginning: `{"a":` and `{"a":1}}`.
  return isNamed || !":[,".includes(received.at(-1)!)
}

/**
 * Whether a piece with the index of `call` begins another call: some providers use the index 0 for every call, with other
 * IDs, with other names in one delta, or only with other names after complete arguments. Without arguments, another name in
 * a later delta is a piece of the name, since some providers send names in pieces.
 */
function beginsAnother(
  call: Call,
  id: string | null,
  name: string | null,
  input: unknown,
  isSameDelta: boolean,
): boolean {
  const { snapshot } = call
  if (id !== null && id === snapshot.id) return false
  const isForeign = id !== null && snapshot.id !== null
  if (!isForeign && (name === null || (snapshot.arguments === "" && !isSameDelta))) return false
  if (!isForeign && name === snapshot.name && !isOtherInput(snapshot.arguments, input)) return false
  if (++call.readings > MAX_READINGS) return false
  return snapshot.arguments === "" ? name !== null : parse(snapshot.arguments) !== undefined
}

/** Whether a piece holds whole arguments, and others than the ones so far. */
function isOtherInput(received: string, input: unknown): boolean {
  return (
    typeof input === "string" && input.startsWith("{") && !isSameJson(received, input) && parse(input) !== undefined
  )
}

/** Whether two texts are the same JSON object, though with other spaces or escapes, as when a provider writes a call again. */
function isSameJson(text: string, other: string): boolean {
  // The length and the piece are looked at first, so that the text so far is not read again for each short piece.
  if (text.length > MAX_SPACING * other.length || !isWholeObject(other) || !isWholeObject(text)) return false
  try {
    return text === other || JSON.stringify(JSON.parse(text)) === JSON.stringify(JSON.parse(other))
  } catch {
    return false
  }
}

function isWholeObject(text: string): boolean {
  return text.startsWith("{") && text.trimEnd().endsWith("}")
}
