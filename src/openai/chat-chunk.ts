/** Known values, which an editor completes, and any other: providers add their own. */
export type Open<Known extends string> = Known | (string & {})

/** Why a choice ended. */
export type FinishReason = Open<"stop" | "length" | "tool_calls" | "content_filter" | "function_call">

/** What a request cost, in tokens. */
export interface Usage {
  prompt_tokens: number
  completion_tokens: number
  total_tokens: number
  prompt_tokens_details?: { cached_tokens?: number; audio_tokens?: number } | null
  completion_tokens_details?: {
    reasoning_tokens?: number
    audio_tokens?: number
    accepted_prediction_tokens?: number
    rejected_prediction_tokens?: number
  } | null
}

/** A piece of a tool call. */
export interface ToolCallDelta {
  /** Which call it is of. Missing from Mistral, Gemini's compatible endpoint and old versions of Ollama. */
  index?: number | null
  id?: string | null
  type?: Open<"function" | "custom"> | null
  function?: { name?: string | null; arguments?: string | null }
  custom?: { name?: string | null; input?: string | null }
}

/** What a chunk adds to a choice. */
export interface ChatDelta {
  role?: Open<"assistant" | "system" | "user" | "tool" | "developer"> | null
  content?: string | null
  refusal?: string | null
  tool_calls?: ToolCallDelta[] | null
  /** @deprecated Replaced by `tool_calls`. */
  function_call?: { name?: string; arguments?: string } | null
  audio?: { id?: string; data?: string; transcript?: string; expires_at?: number } | null
  /** Reasoning as DeepSeek, xAI, Alibaba, Moonshot and older versions of vLLM name it. */
  reasoning_content?: string | null
  /** Reasoning as Groq, Cerebras, Ollama, OpenRouter and newer versions of vLLM name it. */
  reasoning?: string | null
}

/** How likely a token was. */
export interface TokenLogprob {
  token: string
  logprob: number
  bytes: number[] | null
  top_logprobs: { token: string; logprob: number; bytes: number[] | null }[]
}

/** One choice of a chunk. */
export interface ChatChunkChoice {
  index: number
  delta: ChatDelta
  finish_reason?: FinishReason | null
  logprobs?: { content: TokenLogprob[] | null; refusal: TokenLogprob[] | null } | null
}

/**
 * A chunk of a streamed chat completion, as providers agree on it; any other field passes.
 *
 * @see https://platform.openai.com/docs/api-reference/chat-streaming
 */
export interface ChatCompletionChunk {
  id: string
  object: Open<"chat.completion.chunk">
  created: number
  model: string
  /** May be empty: the chunk with the usage, and the first one of some providers. */
  choices: ChatChunkChoice[]
  usage?: Usage | null
  service_tier?: Open<"auto" | "default" | "flex" | "scale" | "priority" | "fast"> | null
  system_fingerprint?: string | null
  /** Random padding. */
  obfuscation?: string
}
