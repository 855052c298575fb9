import type {
  AudioSnapshot,
  ChatSnapshot,
  ChoiceSnapshot,
  FunctionCallSnapshot,
  LogprobsSnapshot,
} from "./chat-snapshot.ts"
import type { ToolCallSnapshot } from "./tool-calls.ts"

/** A message of a {@link ChatCompletion}. */
export interface ChatCompletionMessage {
  /** Who speaks. */
  role: string
  /** The text. */
  content: string | null
  /** The refusal. */
  refusal: string | null
  /** Absent where the provider gave no reasoning. */
  reasoning_content?: string
  /** The tool calls; absent where there are none. */
  tool_calls?: object[]
  /** The call of the deprecated form. */
  function_call?: FunctionCallSnapshot
  /** The audio in base64, and its transcript. */
  audio?: AudioSnapshot
}

/** One choice of a {@link ChatCompletion}. */
export interface ChatCompletionChoice {
  /** Its number among the choices. */
  index: number
  /** What the model said. */
  message: ChatCompletionMessage
  /** Why the choice ended, `null` where it was cut. */
  finish_reason: string | null
  /** How likely each token was. */
  logprobs: LogprobsSnapshot | null
}

/** A chat completion as OpenAI sends it where it is not streamed. */
export interface ChatCompletion {
  /** The ID of the answer. */
  id: string
  /** What this is. */
  object: "chat.completion"
  /** When the answer was begun, in seconds since 1970. */
  created: number
  /** The model that answered. */
  model: string
  /** The choices, by their index. */
  choices: ChatCompletionChoice[]
  /** What the request cost. */
  usage?: object
  /** The configuration that the model ran with. */
  system_fingerprint?: string
  /** How the request was served. */
  service_tier?: string
}

/**
 * The chat completion that a snapshot stands for, in the shape of an answer that was not streamed: what can be kept,
 * compared and sent back. Shares nothing that later chunks change.
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
  const { id, created, model, choices, usage, systemFingerprint, serviceTier } = snapshot
  return {
    id: id ?? "",
    object: "chat.completion",
    created: created ?? 0,
    model: model ?? "",
    choices: choices.map((choice) => ({
      index: choice.index,
      message: messageOf(choice),
      finish_reason: choice.finishReason,
      logprobs: structuredCopy(choice.logprobs),
    })),
    ...(usage === null ? {} : { usage: structuredCopy(usage) }),
    ...(systemFingerprint === null ? {} : { system_fingerprint: systemFingerprint }),
    ...(serviceTier === null ? {} : { service_tier: serviceTier }),
  }
}

function messageOf(choice: ChoiceSnapshot): ChatCompletionMessage {
  const { role, content, refusal, reasoning, toolCalls, functionCall, audio } = choice
  return {
    role,
    content,
    refusal,
    ...(reasoning === null ? {} : { reasoning_content: reasoning }),
    ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls.map(toolCallOf) }),
    ...(functionCall === null ? {} : { function_call: { ...functionCall } }),
    ...(audio === null ? {} : { audio: { ...audio } }),
  }
}

function toolCallOf({ id, type, name, arguments: input, extra }: ToolCallSnapshot): object {
  const call = type === "custom" ? { custom: { name, input } } : { function: { name, arguments: input } }
  return { ...extra, id, type, ...call }
}

/** A copy of a value that came from JSON. */
function structuredCopy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}
