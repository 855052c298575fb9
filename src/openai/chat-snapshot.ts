/*
 * Law: what the chunks of a chat completion add up to. The snapshot is updated in place, each chunk in time of its own;
 * nothing about a payload's shape is certain, so whatever is used is looked at first.
 */
import type { FinishReason, TokenLogprob, Usage } from "./chat-chunk.ts"
import type { ChunkAccumulator, ResolvedLimits } from "./chunk-protocol.ts"
import { limitError } from "./limits.ts"
import { emptyRecord, mergeName, ToolCalls, type ToolCallSnapshot } from "./tool-calls.ts"

/** One choice of a chat completion as far as it has come. */
export interface ChoiceSnapshot {
  index: number
  role: string
  /** The text, `null` before the first of it. */
  content: string | null
  refusal: string | null
  /** The reasoning, whatever the provider calls it. */
  reasoning: string | null
  /** The tool calls, in order. */
  toolCalls: ToolCallSnapshot[]
  functionCall: { name: string; arguments: string } | null
  audio: { id: string | null; data: string; transcript: string; expires_at: number | null } | null
  logprobs: { content: TokenLogprob[]; refusal: TokenLogprob[] } | null
  /** Why the choice ended, `null` before it has. */
  finishReason: FinishReason | null
}

/** A chat completion as far as it has come. */
export interface ChatSnapshot {
  id: string | null
  model: string | null
  created: number | null
  /** The choices, by their index. */
  choices: ChoiceSnapshot[]
  usage: Usage | null
  systemFingerprint: string | null
  serviceTier: string | null
  /** Other fields of the chunks, the last value of each. */
  extra: Record<string, unknown>
}

type Fields = Readonly<Record<string, unknown>>

// Folded by hand below, the same on every chunk, or padding.
const KNOWN = new Set("id object created model choices usage system_fingerprint service_tier obfuscation".split(" "))

export class ChatAccumulator implements ChunkAccumulator<object, ChatSnapshot> {
  readonly #limits: ResolvedLimits
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
    if (typeof fields["usage"] === "object" && fields["usage"] !== null) value.usage = fields["usage"] as Usage
    for (const name in fields) if (!KNOWN.has(name)) value.extra[name] = fields[name]
    const choices = fields["choices"]
    if (!Array.isArray(choices)) return
    for (let place = 0; place < choices.length; place++) this.#pushChoice(choices[place], place)
  }

  missing(sawSentinel: boolean): string | null {
    const { choices } = this.value
    if (choices.length === 0) return "everything"
    return sawSentinel || choices.every(isFinished) ? null : "finish_reason"
  }

  #pushChoice(given: unknown, place: number): void {
    if (typeof given !== "object" || given === null) return
    const choice = given as Fields
    const snapshot = this.#choiceOf(choice["index"], place)
    const finish = choice["finish_reason"]
    if (typeof finish === "string" && finish !== "") snapshot.finishReason = finish
    if (typeof choice["logprobs"] === "object" && choice["logprobs"] !== null) {
      pushLogprobs(snapshot, choice["logprobs"] as Fields)
    }
    const delta = choice["delta"]
    if (typeof delta === "object" && delta !== null) this.#pushDelta(snapshot, delta as Fields)
  }

  #choiceOf(index: unknown, place: number): ChoiceSnapshot {
    const { choices } = this.value
    const wanted = typeof index === "number" && index >= 0 && Number.isInteger(index) ? index : place
    let at = choices.length
    while (at > 0 && choices[at - 1]!.index > wanted) at--
    const found = choices[at - 1]
    if (found?.index === wanted) return found
    if (choices.length >= this.#limits.maxChoices) throw limitError("maxChoices", this.#limits, "choices")
    const choice = newChoice(wanted)
    choices.splice(at, 0, choice)
    return choice
  }

  #pushDelta(snapshot: ChoiceSnapshot, delta: Fields): void {
    const { content, refusal, role } = delta
    if (typeof content === "string") {
      if (content !== "") snapshot.content = (snapshot.content ?? "") + content
    } else if (Array.isArray(content)) {
      for (const part of content) pushPart(snapshot, part as unknown)
    }
    const reasoning = reasoningOf(delta)
    if (reasoning !== "") snapshot.reasoning = (snapshot.reasoning ?? "") + reasoning
    if (typeof refusal === "string" && refusal !== "") snapshot.refusal = (snapshot.refusal ?? "") + refusal
    if (typeof role === "string" && role !== "" && !this.#named.has(snapshot)) {
      snapshot.role = role
      this.#named.add(snapshot)
    }
    if (Array.isArray(delta["tool_calls"])) this.#pushToolCalls(snapshot, delta["tool_calls"])
    if (delta["function_call"]) pushFunctionCall(snapshot, delta["function_call"] as Fields)
    if (delta["audio"]) pushAudio(snapshot, delta["audio"] as Fields)
  }

  #pushToolCalls(snapshot: ChoiceSnapshot, deltas: readonly unknown[]): void {
    let calls = this.#toolCalls.get(snapshot)
    if (calls === undefined) {
      calls = new ToolCalls(this.#limits)
      this.#toolCalls.set(snapshot, calls)
      snapshot.toolCalls = calls.snapshots
    }
    for (const delta of deltas) if (typeof delta === "object" && delta !== null) calls.push(delta as Fields)
  }
}

/** The reasoning that a delta adds under any name but Mistral's. */
export function reasoningOf(delta: Fields): string {
  const reasoning = delta["reasoning_content"] ?? delta["reasoning"]
  return typeof reasoning === "string" ? reasoning : ""
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

/** Takes a part of Mistral's content: text, or the reasoning as a part of parts. */
function pushPart(snapshot: ChoiceSnapshot, part: unknown): void {
  const { text, thinking } = (part ?? {}) as Fields
  if (typeof text === "string") snapshot.content = (snapshot.content ?? "") + text
  if (!Array.isArray(thinking)) return
  for (const { text: thought } of thinking as Fields[]) {
    if (typeof thought === "string") snapshot.reasoning = (snapshot.reasoning ?? "") + thought
  }
}

function pushLogprobs(snapshot: ChoiceSnapshot, { content, refusal }: Fields): void {
  const logprobs = (snapshot.logprobs ??= { content: [], refusal: [] })
  if (Array.isArray(content)) for (const token of content) logprobs.content.push(token as TokenLogprob)
  if (Array.isArray(refusal)) for (const token of refusal) logprobs.refusal.push(token as TokenLogprob)
}

function pushFunctionCall(snapshot: ChoiceSnapshot, { name, arguments: input }: Fields): void {
  const call = (snapshot.functionCall ??= { name: "", arguments: "" })
  if (typeof name === "string") call.name = mergeName(call.name, name, call.arguments) ?? ""
  if (typeof input === "string") call.arguments += input
}

function pushAudio(snapshot: ChoiceSnapshot, { id, data, transcript, expires_at: expiresAt }: Fields): void {
  const audio = (snapshot.audio ??= { id: null, data: "", transcript: "", expires_at: null })
  audio.id ??= textOr(id)
  if (typeof data === "string") audio.data += data
  if (typeof transcript === "string") audio.transcript += transcript
  audio.expires_at = numberOr(expiresAt) ?? audio.expires_at
}

function textOr(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null
}

function numberOr(value: unknown): number | null {
  return typeof value === "number" && value !== 0 ? value : null
}
