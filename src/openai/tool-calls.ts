/*
 * Law: puts tool calls together from their pieces, whatever a provider makes of index, id, name and arguments. In linear
 * time: nothing that was put together is looked at again more often than a fixed number of times.
 */
import type { Open } from "./chat-chunk.ts"
import { isIndex, isObject, textOr, type Fields } from "./choices.ts"
import type { ResolvedLimits } from "./chunk-protocol.ts"
import { limitError } from "./limits.ts"

/** A tool call as far as it has come. */
export interface ToolCallSnapshot {
  /** Its place among the calls of its choice. */
  index: number
  /** The first ID that a piece named. */
  id: string | null
  /** The kind of tool. */
  type: Open<"function" | "custom">
  /** The name of the tool. */
  name: string | null
  /** The arguments, JSON text of which any part may be missing; for a custom tool, its input. */
  arguments: string
  /** Fields that only this provider has, such as a signature that it wants back; `null` where there are none. */
  extra: Record<string, unknown> | null
}

interface Call {
  readonly snapshot: ToolCallSnapshot
  /** The index on the wire, or where there is none, the place at which the call was opened. */
  readonly wireIndex: number
  foreignIds: number
}

// Some providers send a new id with every piece: after so many, a foreign id no longer says that a call begins.
const MAX_FOREIGN_IDS = 8
const KNOWN = new Set(["index", "id", "type", "function", "custom"])

export class ToolCalls {
  readonly #limits: ResolvedLimits
  readonly #calls: Call[] = []
  readonly #open: Map<number, Call> = new Map()
  #last: Call | undefined = undefined
  /** The calls, in order. */
  readonly snapshots: ToolCallSnapshot[] = []

  constructor(limits: ResolvedLimits) {
    this.#limits = limits
  }

  /** Takes one element of `delta.tool_calls`. */
  push(delta: Fields): void {
    const body = [delta["function"], delta["custom"]].find(isObject) ?? {}
    const id = textOr(delta["id"])
    const name = textOr(body["name"])
    const call = this.#callOf(delta["index"], id, name)
    this.#last = call
    const { snapshot } = call
    snapshot.id ??= id
    snapshot.type = textOr(delta["type"]) ?? snapshot.type
    snapshot.name = mergeName(snapshot.name, name, snapshot.arguments)
    const input = body["arguments"] ?? body["input"]
    if (typeof input === "string") snapshot.arguments += input
    else if (isObject(input)) snapshot.arguments = JSON.stringify(input)
    for (const field of Object.keys(delta)) {
      if (!KNOWN.has(field)) (snapshot.extra ??= emptyRecord())[field] = delta[field]
    }
  }

  #callOf(index: unknown, id: string | null, name: string | null): Call {
    if (isIndex(index)) {
      const call = this.#open.get(index)
      return call === undefined || beginsAnother(call, id, name) ? this.#add(index) : call
    }
    const known = id === null ? this.#last : this.#calls.find(({ snapshot }) => snapshot.id === id)
    return known ?? this.#add(undefined)
  }

  #add(index: number | undefined): Call {
    const count = this.#calls.length
    if (count >= this.#limits.maxToolCalls) throw limitError("maxToolCalls", this.#limits, "tool calls in a choice")
    const wireIndex = index ?? (this.#calls.at(-1)?.wireIndex ?? -1) + 1
    const snapshot: ToolCallSnapshot = { index: 0, id: null, type: "function", name: null, arguments: "", extra: null }
    const call: Call = { snapshot, wireIndex, foreignIds: 0 }
    let place = count
    while (place > 0 && this.#calls[place - 1]!.wireIndex > wireIndex) place--
    this.#calls.splice(place, 0, call)
    this.snapshots.splice(place, 0, snapshot)
    for (let at = place; at <= count; at++) this.snapshots[at]!.index = at
    this.#open.set(wireIndex, call)
    return call
  }
}

/** Takes a piece of a name: some providers send it once, some with every piece, some in pieces. */
export function mergeName(name: string | null, piece: string | null, received: string): string | null {
  if (piece === null || name === null) return name ?? piece
  return piece !== name && received === "" ? name + piece : name
}

/** Whether a piece with the index of `call` begins another call: some providers give every call the index 0. */
function beginsAnother(call: Call, id: string | null, name: string | null): boolean {
  const { snapshot } = call
  if (id === null || snapshot.id === null || snapshot.id === id) return false
  if (++call.foreignIds > MAX_FOREIGN_IDS) return false
  return snapshot.arguments === "" ? name !== null : isJson(snapshot.arguments)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** A record that no name of the stream can turn into anything else. */
export function emptyRecord(): Record<string, unknown> {
  return Object.create(null) as Record<string, unknown>
}
