import type {
  AudioSnapshot,
  ChatSnapshot,
  ChoiceSnapshot,
  FunctionCallSnapshot,
  LogprobsSnapshot,
} from "./chat-snapshot.ts"
import type { ToolCallSnapshot } from "./tool-calls.ts"

// The members that providers send beside a message; all others are written into it.
const OF_CHOICE = new Set([
  "content_filter_results",
  "content_filter_result",
  "content_filter_offsets",
  "matched_stop",
  "native_finish_reason",
  "stop_reason",
  "stop_sequence",
  "token_ids",
  "seed",
])

/** A message of a {@link ChatCompletion}. */
export interface ChatCompletionMessage {
  /** The role of the speaker. */
  role: string
  /** The text; `null` if there is none. */
  content: string | null
  /** The refusal; `null` if there is none. */
  refusal: string | null
  /** The reasoning; absent if there is none. */
  reasoning_content?: string
  /** The tool calls; absent if there are none. */
  tool_calls?: object[]
  /** The function call of the deprecated form; absent if there is none. */
  function_call?: FunctionCallSnapshot
  /** The audio and its transcript; absent if there is none. */
  audio?: AudioSnapshot
  /** The images, as the provider sent them; absent if there are none. */
  images?: unknown[]
  /** The annotations; absent if there are none. */
  annotations?: unknown[]
}

/** One choice of a {@link ChatCompletion}. */
export interface ChatCompletionChoice {
  /** The number of the choice. */
  index: number
  /** The message of the model. */
  message: ChatCompletionMessage
  /** The reason why the choice ended; `null` if the stream ended before. */
  finish_reason: string | null
  /** The probabilities of the tokens; `null` if there are none. */
  logprobs: LogprobsSnapshot | null
}

/** A chat completion, in the shape of an answer that was not streamed. */
export interface ChatCompletion {
  /** The ID of the answer; `""` if no chunk named it. */
  id: string
  /** The type of this object. */
  object: "chat.completion"
  /** The time at which the answer began, in seconds since 1970; 0 if no chunk named it. */
  created: number
  /** The name of the model; `""` if no chunk named it. */
  model: string
  /** The choices, in the order of their index. */
  choices: ChatCompletionChoice[]
  /** The cost of the request; absent if no chunk named it. */
  usage?: object
  /** The configuration that the model ran with; absent if no chunk named it. */
  system_fingerprint?: string
  /** The service tier that processed the request; absent if no chunk named it. */
  service_tier?: string
}

/**
 * Returns the chat completion of a snapshot, in the shape of an answer that was not streamed, to store it, compare it or
 * send it back to the provider.
 *
 * It is a copy: later chunks do not change it. Of an answer that was cut, the arguments of a tool call may be incomplete
 * JSON text.
 *
 * @see https://platform.openai.com/docs/api-reference/chat/object
 * @example
 * ```ts
 * import { readChatCompletions, toChatCompletion } from "steadystream/openai"
 *
 * const body = 'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
 * const completion = toChatCompletion(await readChatCompletions(body).collect())
 * console.log(completion.choices[0]?.message.content) // Hi
 * ```
 */
export function toChatCompletion(snapshot: ChatSnapshot): ChatCompletion {
  if (!Array.isArray(snapshot?.choices)) throw new TypeError("Cannot make chat completion: there must be a snapshot")
  const { id, created, model, choices, usage, systemFingerprint, serviceTier, extra } = snapshot
  return {
    ...(structuredCopy(extra) as object),
    id: id ?? "",
    object: "chat.completion",
    created: created ?? 0,
    model: model ?? "",
    choices: choices.map(choiceOf),
    ...(usage === null ? {} : { usage: structuredCopy(usage) }),
    ...(systemFingerprint === null ? {} : { system_fingerprint: systemFingerprint }),
    ...(serviceTier === null ? {} : { service_tier: serviceTier }),
  }
}

function choiceOf(choice: ChoiceSnapshot): ChatCompletionChoice {
  return {
    ...extraOf(choice, true),
    index: choice.index,
    message: messageOf(choice),
    finish_reason: choice.finishReason,
    logprobs: structuredCopy(choice.logprobs),
  }
}

function messageOf(choice: ChoiceSnapshot): ChatCompletionMessage {
  const { role, content, refusal, reasoning, toolCalls, functionCall, audio, images, annotations } = choice
  return {
    ...extraOf(choice, false),
    role,
    content,
    refusal,
    ...(reasoning === null ? {} : { reasoning_content: reasoning }),
    ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls.map(toolCallOf) }),
    ...(functionCall === null ? {} : { function_call: { ...functionCall } }),
    ...(audio === null ? {} : { audio: { ...audio } }),
    ...(images === null ? {} : { images: structuredCopy(images) }),
    ...(annotations === null ? {} : { annotations: structuredCopy(annotations) }),
  }
}

/** Returns the other members of a choice, or of its message. */
function extraOf({ extra }: ChoiceSnapshot, ofChoice: boolean): object {
  const members = Object.entries(extra ?? {}).filter(([name]) => OF_CHOICE.has(name) === ofChoice)
  return structuredCopy(Object.fromEntries(members))
}

function toolCallOf({ id, type, name, arguments: input, extra }: ToolCallSnapshot): object {
  const call = type === "custom" ? { custom: { name, input } } : { function: { name, arguments: input } }
  return { ...extra, id, type, ...call }
}

/** Returns a copy of a value that came from JSON. */
function structuredCopy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}
