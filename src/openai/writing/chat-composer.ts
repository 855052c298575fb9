/* The order of the chunks of a chat completion: the role, the pieces, a finish reason for each choice, the usage. */
import type { ChatChunkChoice, ChatCompletionChunk, ChatDelta, FinishReason, Usage } from "../dialects/chat-chunk.ts"
import { checkOptions, type OptionKinds } from "../../internal/option-checks.ts"
import {
  ANSWER_KINDS,
  type AnswerOptions,
  type AnswerPiece,
  type AnswerUsage,
  IdMaker,
  unixTime,
} from "./answer-delta.ts"
import { CallRegister, type CallStep } from "./call-register.ts"
import type { Composer } from "./composed-items.ts"
import { WholeText } from "./whole-text.ts"

/** Options of {@link chatCompletionChunks}. */
export interface ChatCompletionChunksOptions extends AnswerOptions {
  /**
   * The value of `stream_options.include_usage` in the request. With `true`, every chunk has the member `usage`, which is
   * `null` on all but the last one; with `false`, no chunk has it.
   * @defaultValue only the last chunk has it, if a delta has it
   */
  readonly includeUsage?: boolean | undefined
  /**
   * The name of the member for reasoning.
   * @defaultValue `"reasoning_content"`
   */
  readonly reasoningField?: "reasoning" | "reasoning_content" | undefined
}

interface Choice {
  readonly register: CallRegister
  readonly text: WholeText
  readonly reasoning: WholeText
  readonly refusal: WholeText
  finishReason: FinishReason | undefined
}

export class ChatComposer implements Composer<ChatCompletionChunk> {
  readonly #ids: IdMaker
  readonly #frame: Omit<ChatCompletionChunk, "choices">
  readonly #includeUsage: boolean | undefined
  readonly #reasoningField: "reasoning" | "reasoning_content"
  readonly #choices: Map<number, Choice> = new Map()
  #usage: AnswerUsage | undefined = undefined

  constructor(options: ChatCompletionChunksOptions) {
    const kinds: OptionKinds<ChatCompletionChunksOptions> = {
      ...ANSWER_KINDS,
      includeUsage: "a boolean",
      reasoningField: '"reasoning" or "reasoning_content"',
    }
    checkOptions(options, kinds)
    this.#ids = new IdMaker(options.clock)
    const { id = this.#ids.next("chatcmpl-"), created = unixTime(), model = "unknown" } = options
    this.#frame = { id, object: "chat.completion.chunk", created, model }
    this.#includeUsage = options.includeUsage
    this.#reasoningField = options.reasoningField ?? "reasoning_content"
  }

  open(): ChatCompletionChunk[] {
    return this.#begin(0)
  }

  add(piece: AnswerPiece): ChatCompletionChunk[] {
    const { choice: index = 0, usage, finishReason } = piece
    if (usage !== undefined) this.#usage = usage
    const chunks = this.#choices.has(index) ? [] : this.#begin(index)
    const choice = this.#choices.get(index)!
    if (finishReason !== undefined) choice.finishReason = finishReason
    const { text, reasoning, refusal, toolCall } = piece
    const delta = this.#deltaOf(choice.text.add(text), choice.reasoning.add(reasoning), choice.refusal.add(refusal))
    if (toolCall) delta.tool_calls = [toolCallOf(choice.register.track(toolCall))]
    return [...chunks, ...this.#chunksOf(index, delta)]
  }

  close(): ChatCompletionChunk[] {
    const chunks: ChatCompletionChunk[] = []
    for (const [index, choice] of this.#choices) {
      const { calls } = choice.register
      const reason = choice.finishReason ?? (calls.length > 0 ? "tool_calls" : "stop")
      chunks.push(...this.#chunksOf(index, this.#rest(choice)))
      chunks.push(this.#chunk({ index, delta: {}, logprobs: null, finish_reason: reason }))
    }
    if (this.#usage !== undefined && this.#includeUsage !== false) {
      chunks.push({ ...this.#frame, choices: [], usage: usageOf(this.#usage) })
    }
    return chunks
  }

  #begin(index: number): ChatCompletionChunk[] {
    if (!Number.isInteger(index) || index < 0) {
      throw new TypeError(`Cannot build answer: "choice" must be an integer from 0, not ${index}`)
    }
    const [text, reasoning, refusal] = [new WholeText(), new WholeText(), new WholeText()]
    const register = new CallRegister(this.#ids)
    this.#choices.set(index, { register, text, reasoning, refusal, finishReason: undefined })
    const delta = { role: "assistant", content: "" } as const
    return [this.#chunk({ index, delta, logprobs: null, finish_reason: null })]
  }

  #deltaOf(text: string, reasoning: string, refusal: string): ChatDelta {
    const delta: ChatDelta = {}
    if (text) delta.content = text
    if (reasoning) delta[this.#reasoningField] = reasoning
    if (refusal) delta.refusal = refusal
    return delta
  }

  /** Returns the halves of characters whose other halves have not come. */
  #rest({ text, reasoning, refusal, register }: Choice): ChatDelta {
    const delta = this.#deltaOf(text.end(), reasoning.end(), refusal.end())
    const calls = register.calls.flatMap((call) => {
      const added = call.written.end()
      return added ? [toolCallOf({ call, begins: false, added })] : []
    })
    if (calls.length > 0) delta.tool_calls = calls
    return delta
  }

  #chunksOf(index: number, delta: ChatDelta): ChatCompletionChunk[] {
    const isEmpty = Object.keys(delta).length === 0
    return isEmpty ? [] : [this.#chunk({ index, delta, logprobs: null, finish_reason: null })]
  }

  #chunk(choice: ChatChunkChoice): ChatCompletionChunk {
    const chunk: ChatCompletionChunk = { ...this.#frame, choices: [choice] }
    // Spec: if the request asks for usage, every chunk has the member, and only the last one a value.
    if (this.#includeUsage === true) chunk.usage = null
    return chunk
  }
}

function toolCallOf({ call, begins, added }: CallStep): NonNullable<ChatDelta["tool_calls"]>[number] {
  const { position: index, id, name } = call
  return begins
    ? { index, id, type: "function", function: { name, arguments: added } }
    : { index, function: { arguments: added } }
}

function usageOf(usage: AnswerUsage): Usage {
  const { inputTokens, outputTokens, totalTokens = inputTokens + outputTokens, cachedTokens, reasoningTokens } = usage
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: totalTokens,
    ...(cachedTokens === undefined ? {} : { prompt_tokens_details: { cached_tokens: cachedTokens } }),
    ...(reasoningTokens === undefined ? {} : { completion_tokens_details: { reasoning_tokens: reasoningTokens } }),
  }
}
