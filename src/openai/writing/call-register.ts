import type { IdMaker, ToolCallPiece } from "./answer-delta.ts"
import { WholeText } from "./whole-text.ts"

/** A tool call that has begun. */
export interface BegunCall {
  /** The place of the call in the answer. */
  readonly position: number
  readonly id: string
  readonly name: string
  /** The JSON text of the arguments, so far. */
  arguments: string
  /** What is written of `arguments`. */
  readonly written: WholeText
}

/** The effect of one piece. */
export interface CallStep {
  readonly call: BegunCall
  /** Whether the piece began the call. */
  readonly begins: boolean
  /** The JSON text to write for the piece, which ends between two characters. */
  readonly added: string
}

/** Finds the call that each piece of one answer belongs to. */
export class CallRegister {
  readonly calls: BegunCall[] = []
  readonly #byIndex: Map<number, BegunCall> = new Map()
  readonly #ids: IdMaker

  constructor(ids: IdMaker) {
    this.#ids = ids
  }

  /**
   * Adds a piece to its call.
   *
   * @throws TypeError if the piece begins a call, but has no name or the ID of another call.
   */
  track(piece: ToolCallPiece): CallStep {
    const known = this.#find(piece)
    const call = known ?? this.#begin(piece)
    const { arguments: json = "" } = piece
    const text = typeof json === "string" ? json : JSON.stringify(json)
    call.arguments += text
    return { call, begins: known === undefined, added: call.written.add(text) }
  }

  #find(piece: ToolCallPiece): BegunCall | undefined {
    const { index, id, name } = piece
    if (index !== undefined) {
      const call = this.#byIndex.get(index)
      return call === undefined || beginsAnew(call, piece) ? undefined : call
    }
    if (id) return this.calls.find((call) => call.id === id)
    return name === undefined ? this.calls.at(-1) : undefined
  }

  #begin({ index, id, name }: ToolCallPiece): BegunCall {
    if (!name) throw new TypeError('Cannot build answer: the first piece of a tool call must have a "name"')
    if (id && this.calls.some((call) => call.id === id)) {
      throw new TypeError('Cannot build answer: two tool calls must not have the same "id"')
    }
    const position = this.calls.length
    const call = { position, id: id || this.#ids.next("call_"), name, arguments: "", written: new WholeText() }
    this.calls.push(call)
    if (index !== undefined) this.#byIndex.set(index, call)
    return call
  }
}

/** Whether a piece with the index of `call` begins another call. */
function beginsAnew(call: BegunCall, { id, name, arguments: json }: ToolCallPiece): boolean {
  if ((id && id !== call.id) || (name && name !== call.name)) return true
  return Boolean(name && json) && isJson(call.arguments)
}

function isJson(text: string): boolean {
  try {
    return text.endsWith("}") && JSON.parse(text) !== undefined
  } catch {
    return false
  }
}
