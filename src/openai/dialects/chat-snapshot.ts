/*
 * Law: what the chunks of a chat completion add up to. The snapshot is updated in place, each chunk in time of its own;
 * nothing about a payload's shape is certain, so whatever is used is looked at first.
 */
import type { FinishReason, TokenLogprob, Usage } from "./chat-chunk.ts"
import { foldChunk, missingOf } from "./choices.ts"
import type { ChunkAccumulator, ResolvedLimits } from "../reading/chunk-dialect.ts"
import { append, emptyRecord, isObject, numberOr, objectsIn, textOr, type Fields } from "../reading/fields.ts"
import { mergeName, ToolCalls, type ToolCallSnapshot } from "./tool-calls.ts"

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
// A literal, since no bundler drops a call that nobody asks for.
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

/** Folds the chunks of one chat completion. */
export class ChatAccumulator implements ChunkAccumulator<object, ChatSnapshot> {
  readonly #limits: ResolvedLimits
  readonly #toolCalls: Map<ChoiceSnapshot, ToolCalls> = new Map()
  /** The choices whose role a chunk has named. */
  readonly #named: Set<ChoiceSnapshot> = new Set()
  #names: readonly string[] = []
  #unknownNames: readonly string[] = []
  readonly value: ChatSnapshot = newSnapshot()

  constructor(limits: ResolvedLimits) {
    this.#limits = limits
  }

  push(chunk: object): void {
    this.#foldFrame(chunk as Fields)
    foldChunk(this.value, chunk as Fields, this.#limits, newChoice, this.#foldPiece)
  }

  missing(sawMark: boolean): string | null {
    return missingOf(this.value.choices, sawMark)
  }

  /** Measured: chunks in a row have the same fields, and comparing their names costs a third of looking them up. */
  #foldFrame(chunk: Fields): void {
    const { value } = this
    value.systemFingerprint ??= textOr(chunk["system_fingerprint"])
    value.serviceTier = textOr(chunk["service_tier"]) ?? value.serviceTier
    let count = 0
    for (const name in chunk) {
      if (this.#names[count++] === name) continue
      count = -1
      break
    }
    if (count !== this.#names.length) {
      this.#names = Object.keys(chunk)
      this.#unknownNames = this.#names.filter((name) => !KNOWN.has(name))
    }
    for (const name of this.#unknownNames) value.extra[name] = chunk[name]
  }

  readonly #foldPiece = (choice: ChoiceSnapshot, { delta, logprobs }: Fields): void => {
    if (isObject(logprobs)) foldLogprobs(choice, logprobs)
    if (!isObject(delta)) return
    foldText(choice, delta)
    const { role, tool_calls: calls } = delta
    if (role && typeof role === "string" && !this.#named.has(choice)) {
      choice.role = role
      this.#named.add(choice)
    }
    if (calls) for (const call of objectsIn(calls)) this.#toolCallsOf(choice).fold(call)
    if (isObject(delta["function_call"])) foldFunctionCall(choice, delta["function_call"])
    if (isObject(delta["audio"])) foldAudio(choice, delta["audio"])
  }

  #toolCallsOf(choice: ChoiceSnapshot): ToolCalls {
    let calls = this.#toolCalls.get(choice)
    if (!calls) this.#toolCalls.set(choice, (calls = new ToolCalls(choice.toolCalls, this.#limits)))
    return calls
  }
}

/** The reasoning that a delta adds under any name but Mistral's; a delta with two names says the same twice. */
function reasoningOf(delta: Fields): string | null {
  return textOr(delta["reasoning_content"]) ?? textOr(delta["reasoning"])
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
    finishReason: null,
  }
}

function foldText(choice: ChoiceSnapshot, delta: Fields): void {
  const { content } = delta
  append(choice, "content", content)
  append(choice, "refusal", delta["refusal"])
  append(choice, "reasoning", reasoningOf(delta))
  // Mistral's content is in parts: of text, and of reasoning that has parts of its own.
  if (!isObject(content)) return
  for (const { text, thinking } of objectsIn(content)) {
    append(choice, "content", text)
    for (const part of objectsIn(thinking)) append(choice, "reasoning", part["text"])
  }
}

function foldLogprobs(choice: ChoiceSnapshot, given: Fields): void {
  const logprobs = (choice.logprobs ??= { content: [], refusal: [] })
  for (const name of ["content", "refusal"] as const) {
    for (const token of objectsIn(given[name])) logprobs[name].push(token as unknown as TokenLogprob)
  }
}

function foldFunctionCall(choice: ChoiceSnapshot, { name, arguments: input }: Fields): void {
  const call = (choice.functionCall ??= { name: "", arguments: "" })
  call.name = mergeName(textOr(call.name), textOr(name), call.arguments) ?? ""
  append(call, "arguments", input)
}

function foldAudio(choice: ChoiceSnapshot, { id, data, transcript, expires_at: expiresAt }: Fields): void {
  const audio = (choice.audio ??= { id: null, data: "", transcript: "", expires_at: null })
  audio.id ??= textOr(id)
  append(audio, "data", data)
  append(audio, "transcript", transcript)
  audio.expires_at = numberOr(expiresAt) ?? audio.expires_at
}
