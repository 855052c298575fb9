/*
 * Law: what the chunks of a chat completion add up to. The snapshot is updated in place, each chunk in time of its own;
 * nothing about a payload's shape is certain, so whatever is used is looked at first.
 */
import type { FinishReason, TokenLogprob, Usage } from "./chat-chunk.ts"
import { choiceOf, isIndex, isObject, numberOr, objectsIn, textOr, type Fields } from "./choices.ts"
import type { ChunkAccumulator, ResolvedLimits } from "./chunk-protocol.ts"
import { emptyRecord, mergeName, ToolCalls, type ToolCallSnapshot } from "./tool-calls.ts"

/** A call of the deprecated form as far as it has come. */
export interface FunctionCallSnapshot {
  /** The name of the function. */
  name: string
  /** The arguments, JSON text of which any part may be missing. */
  arguments: string
}

/** Audio as far as it has come. */
export interface AudioSnapshot {
  /** The ID of the audio. */
  id: string | null
  /** The audio, in base64. */
  data: string
  /** What is said. */
  transcript: string
  /** When the provider forgets the audio, in seconds since 1970; `null` before its end. */
  expires_at: number | null
}

/** How likely the tokens that have come were. */
export interface LogprobsSnapshot {
  /** Those of the text. */
  content: TokenLogprob[]
  /** Those of the refusal. */
  refusal: TokenLogprob[]
}

/** One choice of a chat completion as far as it has come. */
export interface ChoiceSnapshot {
  /** Its number among the choices. */
  index: number
  /** Who speaks: the assistant, unless a chunk says otherwise. */
  role: string
  /** The text, `null` before the first of it. */
  content: string | null
  /** The refusal, `null` before the first of it. */
  refusal: string | null
  /** The reasoning, whatever the provider calls it. */
  reasoning: string | null
  /** The tool calls, in order. */
  toolCalls: ToolCallSnapshot[]
  /** The call of the deprecated form. */
  functionCall: FunctionCallSnapshot | null
  /** The audio in base64, and its transcript. */
  audio: AudioSnapshot | null
  /** How likely each token was. */
  logprobs: LogprobsSnapshot | null
  /** Why the choice ended, `null` before it has. */
  finishReason: FinishReason | null
}

/** A chat completion as far as it has come. */
export interface ChatSnapshot {
  /** The first ID that a chunk named. */
  id: string | null
  /** The first model that a chunk named. */
  model: string | null
  /** When the answer was begun, in seconds since 1970. */
  created: number | null
  /** The choices, by their index. */
  choices: ChoiceSnapshot[]
  /** What the request cost, as the last chunk that said so has it. */
  usage: Usage | null
  /** The configuration that the model ran with. */
  systemFingerprint: string | null
  /** How the request was served. */
  serviceTier: string | null
  /** Other fields of the chunks, the last value of each. */
  extra: Record<string, unknown>
}

// Folded by hand below, the same on every chunk, or padding.
const KNOWN = new Set("id object created model choices usage system_fingerprint service_tier obfuscation".split(" "))

export class ChatAccumulator implements ChunkAccumulator<object, ChatSnapshot> {
  readonly #limits: ResolvedLimits
  #names: readonly string[] = []
  #hasExtra = false
  readonly #toolCalls: WeakMap<ChoiceSnapshot, ToolCalls> = new WeakMap()
  readonly #named: WeakSet<ChoiceSnapshot> = new WeakSet()
  readonly value: ChatSnapshot = {
    id: null,
    model: null,
    created: null,
    choices: [],
    usage: null,
    systemFingerprint: null,
    serviceTier: null,
    extra: emptyRecord(),
  }

  constructor(limits: ResolvedLimits) {
    this.#limits = limits
  }

  push(chunk: object): void {
    const fields = chunk as Fields
    const { value } = this
    // Some providers blank these on their first chunk or change them on later ones.
    value.id ??= textOr(fields["id"])
    value.model ??= textOr(fields["model"])
    value.created ??= numberOr(fields["created"])
    value.systemFingerprint ??= textOr(fields["system_fingerprint"])
    value.serviceTier = textOr(fields["service_tier"]) ?? value.serviceTier
    if (isObject(fields["usage"])) value.usage = fields["usage"] as unknown as Usage
    this.#pushExtra(fields)
    const choices = fields["choices"]
    if (!Array.isArray(choices)) return
    for (let place = 0; place < choices.length; place++) {
      const choice: unknown = choices[place]
      if (isObject(choice)) this.#pushChoice(choice, place)
    }
  }

  missing(sawSentinel: boolean): string | null {
    const { choices } = this.value
    if (choices.length === 0) return "everything"
    return sawSentinel || choices.every(isFinished) ? null : "finish_reason"
  }

  /** Measured: chunks in a row have the same fields, and comparing their names costs a third of looking them up. */
  #pushExtra(fields: Fields): void {
    const names = this.#names
    let count = 0
    for (const name in fields) {
      if (names[count] !== name) return this.#learnNames(fields)
      count++
    }
    if (count !== names.length) return this.#learnNames(fields)
    if (this.#hasExtra) this.#copyExtra(fields)
  }

  #learnNames(fields: Fields): void {
    this.#names = Object.keys(fields)
    this.#hasExtra = this.#names.some((name) => !KNOWN.has(name))
    if (this.#hasExtra) this.#copyExtra(fields)
  }

  #copyExtra(fields: Fields): void {
    for (const name of this.#names) if (!KNOWN.has(name)) this.value.extra[name] = fields[name]
  }

  #pushChoice({ index, delta, logprobs, finish_reason: finish }: Fields, place: number): void {
    const snapshot = choiceOf(this.value.choices, isIndex(index) ? index : place, newChoice, this.#limits)
    snapshot.finishReason = textOr(finish) ?? snapshot.finishReason
    if (isObject(logprobs)) pushLogprobs(snapshot, logprobs)
    if (isObject(delta)) this.#pushDelta(snapshot, delta)
  }

  #pushDelta(snapshot: ChoiceSnapshot, delta: Fields): void {
    const { content, refusal, role } = delta
    if (typeof content === "string") {
      if (content !== "") snapshot.content = snapshot.content === null ? content : snapshot.content + content
    } else if (content) {
      for (const part of objectsIn(content)) pushPart(snapshot, part)
    }
    const reasoning = reasoningOf(delta)
    if (reasoning !== "") snapshot.reasoning = (snapshot.reasoning ?? "") + reasoning
    if (textOr(refusal) !== null) snapshot.refusal = (snapshot.refusal ?? "") + (refusal as string)
    if (role && typeof role === "string" && !this.#named.has(snapshot)) {
      snapshot.role = role
      this.#named.add(snapshot)
    }
    if (delta["tool_calls"]) this.#pushToolCalls(snapshot, objectsIn(delta["tool_calls"]))
    if (isObject(delta["function_call"])) pushFunctionCall(snapshot, delta["function_call"])
    if (isObject(delta["audio"])) pushAudio(snapshot, delta["audio"])
  }

  #pushToolCalls(snapshot: ChoiceSnapshot, deltas: readonly Fields[]): void {
    let calls = this.#toolCalls.get(snapshot)
    if (calls === undefined) {
      calls = new ToolCalls(this.#limits)
      this.#toolCalls.set(snapshot, calls)
      snapshot.toolCalls = calls.snapshots
    }
    for (const delta of deltas) calls.push(delta)
  }
}

/** The reasoning that a delta adds under any name but Mistral's; a delta with two names says the same twice. */
export function reasoningOf(delta: Fields): string {
  return textOr(delta["reasoning_content"]) ?? textOr(delta["reasoning"]) ?? ""
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
    finishReason: null,
  }
}

/** The last update of audio names no finish reason, only when the audio expires. */
function isFinished(choice: ChoiceSnapshot): boolean {
  return choice.finishReason !== null || (choice.audio !== null && choice.audio.expires_at !== null)
}

/** Takes a part of Mistral's content: text, or reasoning in parts of its own. */
function pushPart(snapshot: ChoiceSnapshot, { text, thinking }: Fields): void {
  if (typeof text === "string") snapshot.content = (snapshot.content ?? "") + text
  for (const part of objectsIn(thinking)) {
    if (typeof part["text"] === "string") snapshot.reasoning = (snapshot.reasoning ?? "") + part["text"]
  }
}

function pushLogprobs(snapshot: ChoiceSnapshot, given: Fields): void {
  const logprobs = (snapshot.logprobs ??= { content: [], refusal: [] })
  for (const name of ["content", "refusal"] as const) {
    for (const token of objectsIn(given[name])) logprobs[name].push(token as unknown as TokenLogprob)
  }
}

function pushFunctionCall(snapshot: ChoiceSnapshot, { name, arguments: input }: Fields): void {
  const call = (snapshot.functionCall ??= { name: "", arguments: "" })
  call.name = mergeName(textOr(call.name), textOr(name), call.arguments) ?? ""
  if (typeof input === "string") call.arguments += input
}

function pushAudio(snapshot: ChoiceSnapshot, { id, data, transcript, expires_at: expiresAt }: Fields): void {
  const audio = (snapshot.audio ??= { id: null, data: "", transcript: "", expires_at: null })
  audio.id ??= textOr(id)
  if (typeof data === "string") audio.data += data
  if (typeof transcript === "string") audio.transcript += transcript
  audio.expires_at = numberOr(expiresAt) ?? audio.expires_at
}
