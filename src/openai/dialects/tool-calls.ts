/*
 * Puts tool calls together from their pieces, however a provider uses index, id, name and arguments. In linear time: text
 * that was put together is read again only a bounded number of times.
 */
import type { OpenEnum } from "./chat-chunk.ts"
import type { ResolvedLimits } from "../reading/chunk-dialect.ts"
import { append, emptyRecord, isIndex, isObject, parse, placeOf, textOr, type Fields } from "../reading/fields.ts"
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
  /** The pieces with another ID than the first one. */
  foreignIds: number
}

// Some providers send a new id with every piece. After this many, another id no longer begins a new call.
const MAX_FOREIGN_IDS = 8
const KNOWN = new Set(["index", "id", "type", "function", "custom"])

/**
 * Returns a function that folds an element of `delta.tool_calls` into the calls of one choice.
 *
 * @param snapshots - The calls, kept in order and up to date.
 */
export function toolCallFolder(snapshots: ToolCallSnapshot[], limits: ResolvedLimits): (delta: Fields) => void {
  const calls: Call[] = []
  const byIndex = new Map<number, Call>()
  let last: Call | undefined
  const begin = (wireIndex: number): Call => {
    checkLimit(calls.length + 1, "maxToolCalls", limits)
    const snapshot: ToolCallSnapshot = { index: 0, id: null, type: "function", name: null, arguments: "", extra: null }
    const call = { snapshot, wireIndex, foreignIds: 0 }
    const place = placeOf(calls, wireIndex, (other) => other.wireIndex)
    calls.splice(place, 0, call)
    snapshots.splice(place, 0, snapshot)
    for (let at = place; at < snapshots.length; at++) snapshots[at]!.index = at
    byIndex.set(wireIndex, call)
    return call
  }
  return (delta) => {
    const { index, id: givenId } = delta
    const body = [delta["function"], delta["custom"]].find(isObject) ?? {}
    const id = textOr(givenId)
    const name = textOr(body["name"])
    const found = isIndex(index)
      ? byIndex.get(index)
      : id === null
        ? last
        : calls.find(({ snapshot }) => snapshot.id === id)
    if (found && !beginsAnother(found, id, name)) last = found
    else last = begin(isIndex(index) ? index : (calls.at(-1)?.wireIndex ?? -1) + 1)
    foldPiece(last.snapshot, delta, id, name, body["arguments"] ?? body["input"])
  }
}

function foldPiece(
  call: ToolCallSnapshot,
  delta: Fields,
  id: string | null,
  name: string | null,
  input: unknown,
): void {
  call.id ??= id
  call.type = textOr(delta["type"]) ?? call.type
  call.name = mergeName(call.name, name, call.arguments)
  append(call, "arguments", input)
  if (isObject(input)) call.arguments = JSON.stringify(input)
  for (const field of Object.keys(delta)) {
    if (!KNOWN.has(field)) (call.extra ??= emptyRecord())[field] = delta[field]
  }
}

/** Returns a name with one more piece: providers send a name once, in full with every piece, or in pieces. */
export function mergeName(name: string | null, piece: string | null, received: string): string | null {
  if (piece === null || name === null) return name ?? piece
  return piece !== name && received === "" ? name + piece : name
}

/** Whether a piece with the index of `call` begins another call: some providers use the index 0 for every call. */
function beginsAnother(call: Call, id: string | null, name: string | null): boolean {
  const { snapshot } = call
  if (id === null || snapshot.id === null || snapshot.id === id) return false
  if (++call.foreignIds > MAX_FOREIGN_IDS) return false
  return snapshot.arguments === "" ? name !== null : parse(snapshot.arguments) !== undefined
}
