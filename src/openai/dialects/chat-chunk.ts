/** The known values, which an editor completes, and any other string, since providers add their own. */
export type OpenEnum<Known extends string> = Known | (string & {})

/** The reason why a choice ended. */
export type FinishReason = OpenEnum<"stop" | "length" | "tool_calls" | "content_filter" | "function_call">

/** The cost of a request, in tokens. */
export interface Usage {
  /** The tokens of the prompt. */
  prompt_tokens: number
  /** The tokens of the answer. */
  completion_tokens: number
  /** The sum of both. */
  total_tokens: number
  /** Parts of `prompt_tokens`. */
  prompt_tokens_details?: {
    /** Tokens read from a cache. */
    cached_tokens?: number
    /** Tokens of audio. */
    audio_tokens?: number
  } | null
  /** Parts of `completion_tokens`. */
  completion_tokens_details?: {
    /** Tokens of reasoning. */
    reasoning_tokens?: number
    /** Tokens of audio. */
    audio_tokens?: number
    /** Tokens of the prediction that appear in the answer. */
    accepted_prediction_tokens?: number
    /** Tokens of the prediction that do not appear in the answer. */
    rejected_prediction_tokens?: number
  } | null
}

/** A piece of a tool call. */
export interface ToolCallDelta {
  /** The number of the call. Missing from Mistral, Gemini's compatible endpoint and old versions of Ollama. */
  index?: number | null
  /** The ID of the call; empty or missing on later pieces. */
  id?: string | null
  /** The kind of tool. */
  type?: OpenEnum<"function" | "custom"> | null
  /** A piece of a function call. */
  function?: {
    /** The name of the function, on the first piece. */
    name?: string | null
    /** A piece of the JSON text of the arguments. */
    arguments?: string | null
  }
  /** A piece of a custom tool call. */
  custom?: {
    /** The name of the tool, on the first piece. */
    name?: string | null
    /** A piece of the input. */
    input?: string | null
  }
}

/** The addition of a chunk to a choice. */
export interface ChatDelta {
  /** The role of the speaker, on the first piece; some providers never send it. */
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
    /** A piece of the JSON text of the arguments. */
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
    /** The time at which the provider deletes the audio, in seconds since 1970; on the last piece. */
    expires_at?: number
  } | null
  /** A piece of the reasoning, as DeepSeek, xAI, Alibaba, Moonshot and older versions of vLLM name it. */
  reasoning_content?: string | null
  /** A piece of the reasoning, as Groq, Cerebras, Ollama, OpenRouter and newer versions of vLLM name it. */
  reasoning?: string | null
}

/** The probability of a token. */
export interface TokenLogprob {
  /** The token. */
  token: string
  /** The natural logarithm of its probability. */
  logprob: number
  /** Its bytes in UTF-8. */
  bytes: number[] | null
  /** The most probable tokens at this place. */
  top_logprobs: Omit<TokenLogprob, "top_logprobs">[]
}

/** One choice of a chunk. */
export interface ChatChunkChoice {
  /** The number of the choice. */
  index: number
  /** The addition to the choice. Some providers leave it out on the last chunk. */
  delta?: ChatDelta | null
  /** The reason why the choice ended, on its last piece. */
  finish_reason?: FinishReason | null
  /** The probabilities of the tokens of this piece. */
  logprobs?: {
    /** The tokens of the text. */
    content: TokenLogprob[] | null
    /** The tokens of the refusal. */
    refusal: TokenLogprob[] | null
  } | null
}

/**
 * A chunk of a streamed chat completion: the members that providers agree on. Chunks may have others, too.
 *
 * @see https://platform.openai.com/docs/api-reference/chat-streaming
 */
export interface ChatCompletionChunk {
  /** The ID of the answer. It should be the same on every chunk, but some providers change it. */
  id: string
  /** The type of this object. */
  object: OpenEnum<"chat.completion.chunk">
  /** The time at which the answer began, in seconds since 1970. */
  created: number
  /** The name of the model. */
  model: string
  /** The choices. Empty, `null` or missing on the chunk with the usage, and on other chunks of some providers. */
  choices?: ChatChunkChoice[] | null
  /** The cost of the request, on the last chunk, if the request asked for it. */
  usage?: Usage | null
  /** The service tier that processed the request. */
  service_tier?: OpenEnum<"auto" | "default" | "flex" | "scale" | "priority" | "fast"> | null
  /** The configuration that the model ran with. */
  system_fingerprint?: string | null
  /** Random padding. */
  obfuscation?: string
}
