import { RequestError } from "./answer.ts"

/** The members of a chat completion request that the demo reads. */
export interface ChatRequest {
  readonly model: string
  /** The text of the last message. */
  readonly prompt: string
  /** The text of all messages. */
  readonly input: string
  readonly stream: boolean
  readonly includeUsage: boolean
  readonly maxTokens: number
}

/** @throws RequestError with status 400 if `body` is not a request that the demo can answer. */
export function parseChatRequest(body: unknown): ChatRequest {
  if (!isRecord(body)) throw new RequestError(400, "The body must be a JSON object")
  const { model = "demo", messages, stream = false, stream_options: streamOptions, n = 1 } = body
  const maxTokens = body["max_completion_tokens"] ?? body["max_tokens"] ?? Infinity
  if (typeof model !== "string") throw invalid("model", "must be a string")
  if (!Array.isArray(messages) || messages.length === 0)
    throw invalid("messages", "must be a list of messages, not empty")
  if (typeof stream !== "boolean" && stream !== null) throw invalid("stream", "must be true or false")
  if (n !== 1 && n !== null) throw invalid("n", "must be 1")
  if (typeof maxTokens !== "number" || maxTokens < 1 || (maxTokens !== Infinity && !Number.isInteger(maxTokens))) {
    throw invalid("max_tokens", "must be a positive integer")
  }
  const texts = messages.map((message: unknown, index) => textOf(message, `messages[${index}]`))
  return {
    model,
    prompt: texts.at(-1) ?? "",
    input: texts.join("\n"),
    stream: stream === true,
    includeUsage: isRecord(streamOptions) && streamOptions["include_usage"] === true,
    maxTokens,
  }
}

function textOf(message: unknown, param: string): string {
  if (!isRecord(message) || typeof message["role"] !== "string") {
    throw invalid(param, `must be an object with "role" and "content"`)
  }
  const { content } = message
  if (typeof content === "string") return content
  if (content === null || content === undefined) return ""
  if (!Array.isArray(content)) throw invalid(`${param}.content`, "must be a string or a list of parts")
  return content
    .map((part: unknown) => (isRecord(part) && typeof part["text"] === "string" ? part["text"] : ""))
    .join("")
}

function invalid(param: string, demand: string): RequestError {
  return new RequestError(400, `"${param}" ${demand}`, { param })
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
