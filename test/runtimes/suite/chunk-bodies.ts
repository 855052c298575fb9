/* The answers of a provider in each dialect, as text. */

/** One event without a name for each object. */
export function eventsOf(...payloads: readonly object[]): string {
  return payloads.map((payload) => `data: ${JSON.stringify(payload)}\n\n`).join("")
}

/** The end mark of chat and text completions. */
export const DONE_EVENT = "data: [DONE]\n\n"

const chat = (delta: object, finish: string | null = null) => ({
  id: "chatcmpl-1",
  object: "chat.completion.chunk",
  created: 1,
  model: "parrot",
  choices: [{ index: 0, delta, finish_reason: finish }],
})

const toolCall = (part: object) => chat({ tool_calls: [{ index: 0, ...part }] })

/** A chat completion with the text `Grüße 😀` and a tool call, without its end. */
export const CHAT_OPEN: string = eventsOf(
  chat({ role: "assistant", content: "" }),
  chat({ content: "Grü" }),
  chat({ content: "ße 😀" }),
  toolCall({ id: "call_1", type: "function", function: { name: "weather", arguments: '{"ci' } }),
  toolCall({ function: { arguments: 'ty":"Oslo"}' } }),
)

/** The whole chat completion. */
export const CHAT: string =
  CHAT_OPEN +
  eventsOf(chat({}, "tool_calls"), {
    ...chat({}),
    choices: [],
    usage: { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 },
  }) +
  DONE_EVENT

const completion = (text: string, finish: string | null = null) => ({
  id: "cmpl-1",
  object: "text_completion",
  created: 1,
  model: "parrot",
  choices: [{ index: 0, text, finish_reason: finish, logprobs: null }],
})

/** A text completion with the text `Grüße 😀`, without its end. */
export const COMPLETION_OPEN: string = eventsOf(completion("Grü"), completion("ße 😀"))

/** The whole text completion. */
export const COMPLETION: string = COMPLETION_OPEN + eventsOf(completion("", "stop")) + DONE_EVENT

const delta = (text: string) => ({ type: "response.output_text.delta", output_index: 0, content_index: 0, delta: text })

function named(...payloads: readonly { readonly type: string }[]): string {
  return payloads
    .map((payload, at) => `event: ${payload.type}\n${eventsOf({ ...payload, sequence_number: at })}`)
    .join("")
}

const opened = [
  { type: "response.created", response: { id: "resp_1", status: "in_progress" } },
  delta("Grü"),
  delta("ße 😀"),
] as const

const completed = { type: "response.completed", response: { id: "resp_1", status: "completed" } }

/** A response of the Responses API with the text `Grüße 😀`, without its end. */
export const RESPONSE_OPEN: string = named(...opened)

/** The whole response. */
export const RESPONSE: string = named(...opened, completed)

/** The text of each of these answers. */
export const ANSWER_TEXT = "Grüße 😀"
