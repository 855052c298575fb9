/*
 * The order of the events of a response: created, in progress, its items one after the other (consecutive tool calls side
 * by side), and one terminal event with all of them. Sequence numbers rise without a gap.
 */
import { checkOptions, type OptionKinds } from "../../internal/option-checks.ts"
import {
  ANSWER_KINDS,
  type AnswerOptions,
  type AnswerPiece,
  type AnswerUsage,
  IdMaker,
  type ToolCallPiece,
  unixTime,
} from "./answer-delta.ts"
import { type BegunCall, CallRegister } from "./call-register.ts"
import type { Composer } from "./composed-items.ts"
import {
  CallItem,
  ContentItem,
  type ContentKind,
  type Fields,
  type ItemStatus,
  ownerOf,
  type UnnumberedEvent,
} from "./response-items.ts"

/** An event of a Responses stream that {@link responseEvents} built. */
export interface ResponseStreamEvent {
  /** The type of the event, such as `"response.output_text.delta"`. */
  readonly type: string
  /** The number of the event in the stream, from 0. */
  readonly sequence_number: number
  readonly [member: string]: unknown
}

/** Options of {@link responseEvents}. */
export interface ResponseEventsOptions extends AnswerOptions {
  /** More members for every response object of the stream, such as `instructions`, `metadata` or `tools`. */
  readonly response?: Readonly<Record<string, unknown>> | undefined
}

const INCOMPLETE: Readonly<Record<string, string>> = { length: "max_output_tokens", content_filter: "content_filter" }

export class ResponseComposer implements Composer<ResponseStreamEvent> {
  readonly #ids: IdMaker
  readonly #response: Fields
  readonly #register: CallRegister
  readonly #output: Fields[] = []
  readonly #calls: Map<BegunCall, CallItem> = new Map()
  #items = 0
  #content: ContentItem | undefined = undefined
  #usage: AnswerUsage | undefined = undefined
  #finishReason = "stop"
  #sequenceNumber = 0

  constructor(options: ResponseEventsOptions) {
    checkOptions(options, { ...ANSWER_KINDS, response: "an object" } satisfies OptionKinds<ResponseEventsOptions>)
    this.#ids = new IdMaker(options.clock)
    this.#register = new CallRegister(this.#ids)
    const { id = this.#ids.next("resp_"), created = unixTime(), model = "unknown", response } = options
    this.#response = { ...responseDefaults(), ...response, id, object: "response", created_at: created, model }
  }

  open(): ResponseStreamEvent[] {
    const response = { ...this.#response, status: "in_progress" }
    return this.#number([
      { type: "response.created", response },
      { type: "response.in_progress", response },
    ])
  }

  add(piece: AnswerPiece): ResponseStreamEvent[] {
    const { choice = 0, usage, finishReason, reasoning, text, refusal, toolCall } = piece
    if (choice !== 0) throw new TypeError(`Cannot build answer: "choice" must be 0, not ${choice}`)
    if (usage !== undefined) this.#usage = usage
    if (finishReason !== undefined) this.#finishReason = finishReason
    const events: UnnumberedEvent[] = []
    if (reasoning) events.push(...this.#addContent("reasoning", reasoning))
    if (text) events.push(...this.#addContent("text", text))
    if (refusal) events.push(...this.#addContent("refusal", refusal))
    if (toolCall) events.push(...this.#addCall(toolCall))
    return this.#number(events)
  }

  close(): ResponseStreamEvent[] {
    const reason = Object.hasOwn(INCOMPLETE, this.#finishReason) ? INCOMPLETE[this.#finishReason] : undefined
    const status = reason === undefined ? "completed" : "incomplete"
    const events = [...this.#closeContent(status), ...this.#closeCalls(status)]
    const usage = this.#usage === undefined ? null : usageOf(this.#usage)
    const response: Fields = { ...this.#response, status, output: this.#output, usage }
    if (reason !== undefined) response["incomplete_details"] = { reason }
    return this.#number([...events, { type: `response.${status}`, response }])
  }

  #addContent(kind: ContentKind, delta: string): UnnumberedEvent[] {
    const events = this.#closeCalls("completed")
    const { owner, prefix } = ownerOf(kind)
    if (this.#content?.owner !== owner) {
      events.push(...this.#closeContent("completed"))
      this.#content = new ContentItem(owner, this.#ids.next(prefix), this.#items++)
      events.push(...this.#content.open())
    }
    return [...events, ...this.#content.add(kind, delta)]
  }

  #addCall(piece: ToolCallPiece): UnnumberedEvent[] {
    const { call, begins, added } = this.#register.track(piece)
    const events = this.#closeContent("completed")
    if (begins) {
      const item = new CallItem(call, this.#ids.next("fc_"), this.#items++)
      this.#calls.set(call, item)
      events.push(...item.open())
    }
    const item = this.#calls.get(call)
    if (item === undefined)
      throw new TypeError("Cannot build answer: a tool call must be complete before other content")
    return [...events, ...item.add(added)]
  }

  #closeContent(status: ItemStatus): UnnumberedEvent[] {
    const item = this.#content
    this.#content = undefined
    return item === undefined ? [] : this.#closeItem(item, status)
  }

  #closeCalls(status: ItemStatus): UnnumberedEvent[] {
    const events = [...this.#calls.values()].flatMap((item) => this.#closeItem(item, status))
    this.#calls.clear()
    return events
  }

  #closeItem(item: ContentItem | CallItem, status: ItemStatus): UnnumberedEvent[] {
    const events = item.close(status)
    this.#output.push(item.value(status))
    return events
  }

  #number(events: UnnumberedEvent[]): ResponseStreamEvent[] {
    return events.map(({ type, ...rest }) => ({ type, sequence_number: this.#sequenceNumber++, ...rest }))
  }
}

/** Returns the members that every response must have. */
function responseDefaults(): Fields {
  return {
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    output: [],
    parallel_tool_calls: true,
    temperature: null,
    tool_choice: "auto",
    tools: [],
    top_p: null,
    usage: null,
  }
}

function usageOf(usage: AnswerUsage): Fields {
  const { inputTokens, outputTokens, totalTokens = inputTokens + outputTokens } = usage
  const { cachedTokens = 0, reasoningTokens = 0 } = usage
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: cachedTokens },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: reasoningTokens },
    total_tokens: totalTokens,
  }
}
