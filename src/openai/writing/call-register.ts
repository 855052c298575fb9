import type { IdMaker, ToolCallPiece } from "./answer-delta.ts"

/** A tool call that has begun. */
export interface BegunCall {
  /** Its place among the calls of the answer. */
  readonly position: number
  readonly id: string
  readonly name: string
  /** The JSON that has come of its arguments. */
  arguments: string
}

/** What one piece did. */
export interface CallStep {
  readonly call: BegunCall
  readonly begins: boolean
  /** The JSON that the piece added to the arguments. */
  readonly added: string
}

/** Tells the calls of one answer apart. */
export class CallRegister {
  readonly calls: BegunCall[] = []
  readonly #byIndex: Map<number, BegunCall> = new Map()
  readonly #ids: IdMaker

  constructor(ids: IdMaker) {
    this.#ids = ids
  }

  /** @throws TypeError where the piece goes on with no call, and has no name to begin one. */
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
