import type { IdMaker, ToolCallPiece } from "./answer-delta.ts"

/** A tool call that has begun. */
export interface BegunCall {
  /** The place of the call in the answer. */
  readonly position: number
  readonly id: string
  readonly name: string
  /** The JSON text of the arguments, so far. */
  arguments: string
}

/** The effect of one piece. */
export interface CallStep {
  readonly call: BegunCall
  /** Whether the piece began the call. */
  readonly begins: boolean
  /** The JSON text that the piece added to the arguments. */
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
   * @throws TypeError if the piece begins a call, but has no name.
   */
  track(piece: ToolCallPiece): CallStep {
    const known = this.#find(piece)
    const call = known ?? this.#begin(piece)
    const { arguments: json = "" } = piece
    const added = typeof json === "string" ? json : JSON.stringify(json)
    call.arguments += added
    return { call, begins: known === undefined, added }
  }

  #find({ index, id, name }: ToolCallPiece): BegunCall | undefined {
    if (index !== undefined) return this.#byIndex.get(index)
    if (id !== undefined) return this.calls.find((call) => call.id === id)
    return name === undefined ? this.calls.at(-1) : undefined
  }

  #begin({ index, id, name }: ToolCallPiece): BegunCall {
    if (!name) throw new TypeError('Cannot build answer: the first piece of a tool call must have a "name"')
    const call = { position: this.calls.length, id: id ?? this.#ids.next("call_"), name, arguments: "" }
    this.calls.push(call)
    if (index !== undefined) this.#byIndex.set(index, call)
    return call
  }
}
