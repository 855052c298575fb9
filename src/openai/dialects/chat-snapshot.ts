/*
 * Folds the chunks of a chat completion into its snapshot, in place, each in time that depends only on that chunk. The
 * shape of a payload is never certain, so the type of every member is checked.
 */
import type { FinishReason, TokenLogprob, Usage } from "./chat-chunk.ts"
import { hasContentIn, KNOWN_IN_DELTA, missingOf, reasoningOf } from "./chat-delta.ts"
import { KeptFields } from "./kept-fields.ts"
import { accumulateChoices } from "./choices.ts"
import type { ChunkAccumulator, ResolvedLimits } from "../reading/chunk-dialect.ts"
import { append, emptyRecord, isObject, numberOr, objectsIn, textOr, type Fields } from "../reading/fields.ts"
import { appendInput, mergeName, toolCallFolder, type ToolCallSnapshot } from "./tool-calls.ts"

/** A function call of the deprecated form, so far. */
export interface FunctionCallSnapshot {
  /** The name of the function. */
  name: string
  /** The JSON text of the arguments so far; it may end anywhere. */
  arguments: string
}

/** The audio of a choice, so far. */
export interface AudioSnapshot {
  /** The ID of the audio. */
  id: string | null
  /** The audio, in base64. */
  data: string
  /** The transcript of the audio. */
  transcript: string
  /** The time at which the provider deletes the audio, in seconds since 1970; `null` before the last piece. */
  expires_at: number | null
}

/** The probabilities of the tokens of a choice, so far. */
export interface LogprobsSnapshot {
  /** The tokens of the text. */
  content: TokenLogprob[]
  /** The tokens of the refusal. */
  refusal: TokenLogprob[]
}

/** One choice of a chat completion, so far. */
export interface ChoiceSnapshot {
  /** The number of the choice. */
  index: number
  /** The role of the speaker: `"assistant"`, unless a chunk names another. */
  role: string
  /** The text; `null` before its first piece. */
  content: string | null
  /** The refusal; `null` before its first piece. */
  refusal: string | null
  /** The reasoning, under any of the names that providers use; `null` before its first piece. */
  reasoning: string | null
  /** The tool calls, in the order of their index. */
  toolCalls: ToolCallSnapshot[]
  /** The function call of the deprecated form; `null` if there is none. */
  functionCall: FunctionCallSnapshot | null
  /** The audio and its transcript; `null` if there is none. */
  audio: AudioSnapshot | null
  /** The probabilities of the tokens; `null` if there are none. */
  logprobs: LogprobsSnapshot | null
  /** The images, as providers send them; `null` if there are none. */
  images: unknown[] | null
  /** The annotations, such as the sources that the text cites; `null` if there are none. */
  annotations: unknown[] | null
  /** The reason why the choice ended; `null` before its end. */
  finishReason: FinishReason | null
  /**
   * All other members of the choice and its deltas, with the last value of each; lists are joined. `null` if there are
   * none. A value nested deeper than 64 levels is dropped, and so is what exceeds 16,777,216 characters in one stream, where
   * each member of an object or a list counts as 64 and its name fourfold.
   */
  extra: Record<string, unknown> | null
}

/** A chat completion, so far. */
export interface ChatSnapshot {
  /** The first ID that a chunk named; `null` before it. */
  id: string | null
  /** The first model that a chunk named; `null` before it. */
  model: string | null
  /** The time at which the answer began, in seconds since 1970. */
  created: number | null
  /** The choices, in the order of their index. */
  choices: ChoiceSnapshot[]
  /** The cost of the request, from the last chunk that has it; `null` before it. */
  usage: Usage | null
  /** The configuration that the model ran with; `null` if no chunk named it. */
  systemFingerprint: string | null
  /** The service tier that processed the request; `null` if no chunk named it. */
  serviceTier: string | null
  /** All other members of the chunks, with the last value of each. The record has no prototype. */
  extra: Record<string, unknown>
}

// The members that do not belong in `extra`. A set of literals, since bundlers keep a call at module level.
const KNOWN = new Set([
  "id",
  "object",
  "created",
  "model",
  "choices",
  "usage",
  "system_fingerprint",
  "service_tier",
  "obfuscation",
])

/** Starts the snapshot of a chat completion. */
export function accumulateChat(limits: ResolvedLimits): ChunkAccumulator<object, ChatSnapshot> {
  const kept = new KeptFields()
  // The tokens have a type and are many, so their budget is their own and larger.
  const keptTokens = new KeptFields(12)
  const foldersOfCalls = new Map<ChoiceSnapshot, (delta: Fields, place: number) => void>()
  // The choices whose role a chunk has named.
  const named = new Set<ChoiceSnapshot>()
  const foldPiece = (choice: ChoiceSnapshot, piece: Fields): void => {
    const { delta: given, logprobs } = piece
    if (isObject(logprobs)) foldLogprobs(choice, logprobs, keptTokens)
    // Some providers send an empty delta beside a message.
    const isDelta = isObject(given) && (!isObject(piece["message"]) || hasContentIn(given))
    const delta = isDelta ? given : missingOf(choice, piece)
    if (!delta) return
    // Measured: most deltas have only text, and looking for the other members costs a tenth of reading a chunk.
    const { content } = delta
    if (typeof content === "string" && Object.keys(delta).length < 2) return append(choice, "content", content)
    kept.addAll(choice, delta, KNOWN_IN_DELTA)
    for (const name of ["images", "annotations"] as const) {
      if (Array.isArray(delta[name])) kept.append((choice[name] ??= []), delta[name])
    }
    foldText(choice, delta)
    const { role, tool_calls: calls } = delta
    if (role && typeof role === "string" && !named.has(choice)) {
      choice.role = role
      named.add(choice)
    }
    if (calls) {
      if (!foldersOfCalls.has(choice)) foldersOfCalls.set(choice, toolCallFolder(choice.toolCalls, limits, kept))
      objectsIn(calls).forEach(foldersOfCalls.get(choice)!)
    }
    if (isObject(delta["function_call"])) foldFunctionCall(choice, delta["function_call"])
    if (isObject(delta["audio"])) foldAudio(choice, delta["audio"])
  }
  return accumulateChoices(newSnapshot(), limits, kept, newChoice, foldPiece, extraFolder(kept))
}

/** Measured: consecutive chunks have the same members, and comparing their names costs a third of looking them up. */
function extraFolder(kept: KeptFields): (value: ChatSnapshot, chunk: Fields) => void {
  let names: readonly string[] = []
  let extraNames: readonly string[] = []
  return (value, chunk) => {
    value.systemFingerprint ??= textOr(chunk["system_fingerprint"])
    value.serviceTier = textOr(chunk["service_tier"]) ?? value.serviceTier
    let count = 0
    for (const name in chunk) {
      if (names[count++] === name) continue
      count = -1
      break
    }
    if (count !== names.length) {
      names = Object.keys(chunk)
      extraNames = names.filter((name) => !KNOWN.has(name))
    }
    for (const name of extraNames) kept.set(value.extra, name, chunk[name])
  }
}

function newSnapshot(): ChatSnapshot {
  return {
    id: null,
    model: null,
    created: null,
    choices: [],
    usage: null,
    systemFingerprint: null,
    serviceTier: null,
    extra: emptyRecord(),
  }
}

function newChoice(index: number): ChoiceSnapshot {
  return {
    index,
    role: "assistant",
    content: null,
    refusal: null,
    reasoning: null,
    toolCalls: [],
    functionCall: null,
    audio: null,
    logprobs: null,
    images: null,
    annotations: null,
    finishReason: null,
    extra: null,
  }
}

function foldText(choice: ChoiceSnapshot, delta: Fields): void {
  const { content } = delta
  append(choice, "content", content)
  append(choice, "refusal", delta["refusal"])
  append(choice, "reasoning", reasoningOf(delta))
  // Mistral sends content in parts: text, and reasoning that has parts of its own.
  if (!isObject(content)) return
  for (const { text, thinking } of objectsIn(content)) {
    append(choice, "content", text)
    for (const part of objectsIn(thinking)) append(choice, "reasoning", part["text"])
  }
}

function foldLogprobs(choice: ChoiceSnapshot, given: Fields, kept: KeptFields): void {
  const logprobs = (choice.logprobs ??= { content: [], refusal: [] })
  for (const name of ["content", "refusal"] as const) {
    const tokens = objectsIn(given[name]).filter(({ token }) => typeof token === "string")
    kept.append(logprobs[name], tokens)
  }
}

function foldFunctionCall(choice: ChoiceSnapshot, { name, arguments: input }: Fields): void {
  const call = (choice.functionCall ??= { name: "", arguments: "" })
  call.name = mergeName(textOr(call.name), textOr(name), call.arguments) ?? ""
  appendInput(call, input, textOr(name) !== null)
}

function foldAudio(choice: ChoiceSnapshot, { id, data, transcript, expires_at: expiresAt }: Fields): void {
  const audio = (choice.audio ??= { id: null, data: "", transcript: "", expires_at: null })
  audio.id ??= textOr(id)
  append(audio, "data", data)
  append(audio, "transcript", transcript)
  audio.expires_at = numberOr(expiresAt) ?? audio.expires_at
}
