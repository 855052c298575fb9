/* What chat and text completions have in common: how choices are put together, their errors and their end. */
import type { ProviderErrorBody } from "../../errors.ts"
import type { FinishReason, Usage } from "./chat-chunk.ts"
import type { ChunkAccumulator, ResolvedLimits } from "../reading/chunk-dialect.ts"
import {
  endTexts,
  indexIn,
  isHeartbeatType,
  isObject,
  numberOr,
  objectsIn,
  placeOf,
  textOr,
  type Fields,
} from "../reading/fields.ts"
import type { KeptFields } from "./kept-fields.ts"
import { checkLimit } from "../reading/limits.ts"
import { bodyOf, providerErrorOf } from "../reading/provider-error.ts"

interface ChoiceSnapshot {
  readonly index: number
  finishReason: FinishReason | null
  extra: Record<string, unknown> | null
  readonly audio?: { readonly expires_at: number | null } | null
  readonly functionCall?: object | null
  readonly toolCalls?: readonly object[]
}

interface Snapshot<Choice> {
  id: string | null
  model: string | null
  created: number | null
  readonly choices: Choice[]
  usage: Usage | null
}

// The members of a choice that do not belong in its `extra`.
const KNOWN = new Set(["index", "delta", "message", "text", "finish_reason", "logprobs"])
// Whether a piece belongs to the first choice, for the pieces whose index does not say so.
const IS_FIRST = new WeakMap<object, boolean>()

/**
 * Folds chunks with choices into `value`.
 *
 * @param begin - Returns the snapshot of a choice before its first piece.
 * @param foldPiece - Folds a piece into the snapshot of its choice.
 * @param foldOther - Folds the members of a chunk that only one dialect has.
 */
export function accumulateChoices<Choice extends ChoiceSnapshot, Value extends Snapshot<Choice>>(
  value: Value,
  limits: ResolvedLimits,
  kept: KeptFields,
  begin: (index: number) => Choice,
  foldPiece: (choice: Choice, piece: Fields) => void,
  foldOther?: (value: Value, chunk: Fields) => void,
): ChunkAccumulator<object, Value> {
  const { choices } = value
  // The index of a choice that was alone so far, if it is not 0.
  let sole: number | undefined
  return {
    value,
    push(chunk) {
      const { id, model, created, usage, choices: pieces } = chunk as Fields
      // Some providers blank these on their first chunk or change them on later ones.
      value.id ??= textOr(id)
      value.model ??= textOr(model)
      value.created ??= numberOr(created)
      if (isObject(usage)) kept.set(value, "usage", usage)
      foldOther?.(value, chunk as Fields)
      if (!Array.isArray(pieces)) return
      for (let place = 0; place < pieces.length; place++) {
        const piece: unknown = pieces[place]
        if (!isObject(piece)) continue
        const { finish_reason: finish } = piece
        const index = indexIn(piece["index"]) ?? place
        const choice = choiceOf(choices, index, begin, limits)
        if (index !== 0 && choices.length === 1) sole = index
        if (sole !== undefined) IS_FIRST.set(piece, index === sole)
        if (finish) choice.finishReason = textOr(finish) ?? choice.finishReason
        foldPiece(choice, piece)
        kept.addAll(choice, piece, KNOWN)
      }
    },
    missing(sawMark) {
      if (choices.length === 0) return "everything"
      for (const choice of choices) for (const owner of textOwners(choice)) endTexts(owner)
      return sawMark || choices.every(isFinished) ? null : "finish_reason"
    },
  }
}

/** The objects of a choice whose texts come in pieces. */
function textOwners(choice: ChoiceSnapshot): object[] {
  const { toolCalls = [], functionCall, audio } = choice
  return [choice, functionCall, audio, ...toolCalls].filter((owner) => owner !== null && owner !== undefined)
}

/** Returns the snapshot of the choice `index`, which is created if necessary. `choices` stay in order. */
function choiceOf<Choice extends ChoiceSnapshot>(
  choices: Choice[],
  index: number,
  begin: (index: number) => Choice,
  limits: ResolvedLimits,
): Choice {
  const place = placeOf(choices, index, indexOf)
  const found = choices[place - 1]
  if (found?.index === index) return found
  checkLimit(choices.length + 1, "maxChoices", limits)
  const choice = begin(index)
  choices.splice(place, 0, choice)
  return choice
}

function indexOf({ index }: ChoiceSnapshot): number {
  return index
}

/** Drops the payloads that some gateways send to keep the connection open. */
export function dropHeartbeat(json: object, event: string): object | null {
  return isHeartbeatType((json as Fields)["type"]) || isHeartbeatType(event) ? null : json
}

/** Whether a chunk has choices, even none, as every part of a completion has. */
export function hasChoices(chunk: object): boolean {
  return Array.isArray((chunk as Fields)["choices"])
}

/** Returns the error that a payload reports for itself or for one of its choices, `null` if it reports none. */
export function choicesErrorOf(json: object, event: string): ProviderErrorBody | null {
  const { choices } = json as Fields
  const error = providerErrorOf(json, event)
  if (error !== null || !Array.isArray(choices)) return error
  for (let place = 0; place < choices.length; place++) {
    const { error: own, finish_reason: code } = (choices[place] ?? {}) as Fields
    if (own) return bodyOf(own, json as Fields)
    if (code === "error" || code === "abort") {
      return bodyOf({ message: "The provider ended the answer with an error", code }, json as Fields)
    }
  }
  return null
}

/** Whether a choice has ended. The last piece of audio has no finish reason, only a time of expiry. */
function isFinished({ finishReason, audio }: ChoiceSnapshot): boolean {
  return (finishReason ?? audio?.expires_at ?? null) !== null
}

/** Returns the part of a chunk that belongs to the first choice of the answer. */
export function firstChoice(chunk: object): Fields | undefined {
  return objectsIn((chunk as Fields)["choices"]).find(
    (piece, place) => IS_FIRST.get(piece) ?? (indexIn(piece["index"]) ?? place) === 0,
  )
}
