/* Checks the deltas of an answer: content that would be missing without a trace is an error, since the answer would end as a whole one. */
import type { AnswerDelta, AnswerPiece } from "./answer-delta.ts"

/** The members of an object, each with the types that it may have. */
type Members = Readonly<Record<string, string>>

const TEXT = "a string"
const NUMBER = "a number"
const OBJECT = "an object"

const PIECE: Members = {
  text: TEXT,
  reasoning: TEXT,
  refusal: TEXT,
  toolCall: OBJECT,
  usage: OBJECT,
  finishReason: TEXT,
  choice: NUMBER,
}
const TOOL_CALL: Members = { index: NUMBER, id: TEXT, name: TEXT, arguments: "a string or an object" }
const COST: Members = { totalTokens: NUMBER, cachedTokens: NUMBER, reasoningTokens: NUMBER }
const REQUIRED_COST: Members = { inputTokens: NUMBER, outputTokens: NUMBER }

/**
 * Returns `delta` as a piece.
 *
 * @throws TypeError if it is neither a string nor an object with the members of a piece.
 */
export function pieceOf(delta: AnswerDelta): AnswerPiece {
  if (typeof delta === "string") return { text: delta }
  if (typeof delta !== "object" || delta === null || !isPiece(delta)) {
    throw new TypeError("Cannot build answer: a delta must be a string or an object without unknown members")
  }
  check(delta, PIECE)
  const { toolCall, usage } = delta
  if (toolCall) check(toolCall, TOOL_CALL, "toolCall.")
  if (usage) {
    check(usage, COST, "usage.")
    check(usage, REQUIRED_COST, "usage.", true)
  }
  return delta
}

/** Whether the object has no unknown member. One without members, such as a Date or a Promise, must be plain. */
function isPiece(delta: object): boolean {
  for (const name in delta) if (!Object.hasOwn(PIECE, name)) return false
  return Object.keys(PIECE).some((name) => name in delta) || Object.prototype.toString.call(delta) === "[object Object]"
}

function check(object: object, members: Members, path = "", isRequired = false): void {
  for (const name in members) {
    const value = (object as Record<string, unknown>)[name]
    const type = value === null || Number.isNaN(value) ? String(value) : typeof value
    if (!members[name]!.includes(type) && (isRequired || value !== undefined)) {
      throw new TypeError(`Cannot build answer: "${path}${name}" must be ${members[name]}, not ${type}`)
    }
  }
}
