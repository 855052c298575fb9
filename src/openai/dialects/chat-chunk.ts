/** Known values, which an editor completes, and any other: providers add their own. */
export type OpenEnum<Known extends string> = Known | (string & {})

/** Why a choice ended. */
export type FinishReason = OpenEnum<"stop" | "length" | "tool_calls" | "content_filter" | "function_call">

/** What a request cost, in tokens. */
export interface Usage {
  /** Tokens of the prompt. */
  prompt_tokens: number
  /** Tokens of the answer. */
  completion_tokens: number
  /** Both together. */
  total_tokens: number
  /** What the tokens of the prompt were. */
  prompt_tokens_details?: {
    /** Read from a cache. */
    cached_tokens?: number
    /** Of audio. */
    audio_tokens?: number
  } | null
  /** What the tokens of the answer were. */
  completion_tokens_details?: {
    /** Spent on reasoning. */
    reasoning_tokens?: number
    /** Spent on audio. */
    audio_tokens?: number
    /** Of the prediction, taken. */
    accepted_prediction_tokens?: number
    /** Of the prediction, not taken. */
    rejected_prediction_tokens?: number
  } | null
}

/** A piece of a tool call. */
export interface ToolCallDelta {
  /** Which call it is of. Missing from Mistral, Gemini's compatible endpoint and old versions of Ollama. */
  index?: number | null
  /** The ID of the call; empty or missing on later pieces. */
  id?: string | null
  /** The kind of tool. */
  type?: OpenEnum<"function" | "custom"> | null
  /** A piece of a call of a function. */
  function?: {
    /** The name of the function, on the first piece. */
    name?: string | null
    /** A piece of the arguments' JSON. */
    arguments?: string | null
  }
  /** A piece of a call of a custom tool. */
  custom?: {
    /** The name of the tool, on the first piece. */
    name?: string | null
    /** A piece of the input. */
    input?: string | null
  }
}

/** What a chunk adds to a choice. */
export interface ChatDelta {
  /** Who speaks; on the first piece, if at all. */
  role?: OpenEnum<"assistant" | "system" | "user" | "tool" | "developer"> | null
  /** A piece of the text. */
  content?: string | null
  /** A piece of a refusal. */
  refusal?: string | null
  /** Pieces of tool calls. */
  tool_calls?: ToolCallDelta[] | null
  /** @deprecated Replaced by `tool_calls`. */
  function_call?: {
    /** The name of the function, on the first piece. */
    name?: string
    /** A piece of the arguments' JSON. */
    arguments?: string
  } | null
  /** A piece of audio, in base64, and its transcript. */
  audio?: {
    /** The ID of the audio. */
    id?: string
    /** A piece of the audio, in base64. */
    data?: string
    /** A piece of the transcript. */
    transcript?: string
    /** When the provider forgets the audio, in seconds since 1970; on the last piece. */
    expires_at?: number
  } | null
  /** Reasoning as DeepSeek, xAI, Alibaba, Moonshot and older versions of vLLM name it. */
  reasoning_content?: string | null
  /** Reasoning as Groq, Cerebras, Ollama, OpenRouter and newer versions of vLLM name it. */
  reasoning?: string | null
}

/** How likely a token was. */
export interface TokenLogprob {
  /** The token. */
  token: string
  /** The logarithm of its probability. */
  logprob: number
  /** Its bytes in UTF-8. */
  bytes: number[] | null
  /** The likeliest tokens at this place. */
  top_logprobs: Omit<TokenLogprob, "top_logprobs">[]
}

/** One choice of a chunk. */
export interface ChatChunkChoice {
  /** Which choice it is of. */
  index: number
  /** What it adds. */
  delta: ChatDelta
  /** Why the choice ended, on its last piece. */
  finish_reason?: FinishReason | null
  /** How likely the tokens of this piece were. */
  logprobs?: {
    /** Those of the text. */
    content: TokenLogprob[] | null
    /** Those of the refusal. */
    refusal: TokenLogprob[] | null
  } | null
}

/**
 * A chunk of a streamed chat completion, as providers agree on it; any other field passes.
 *
 * @see https://platform.openai.com/docs/api-reference/chat-streaming
 */
export interface ChatCompletionChunk {
  /** The ID of the answer; the same on every chunk by contract, not always in practice. */
  id: string
  /** What this is. */
  object: OpenEnum<"chat.completion.chunk">
  /** When the answer was begun, in seconds since 1970. */
  created: number
  /** The model that answers. */
  model: string
  /** May be empty: the chunk with the usage, and the first one of some providers. */
  choices: ChatChunkChoice[]
  /** What the request cost, on the last chunk where it was asked for. */
  usage?: Usage | null
  /** How the request was served. */
  service_tier?: OpenEnum<"auto" | "default" | "flex" | "scale" | "priority" | "fast"> | null
  /** The configuration that the model ran with. */
  system_fingerprint?: string | null
  /** Random padding. */
  obfuscation?: string
}
