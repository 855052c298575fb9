/* One answer at a time from a chat route. A new question or close() ends the answer before it. */
import { readChatCompletions } from "steadystream/openai"

export interface ChatMessage {
  readonly role: "system" | "user" | "assistant"
  readonly content: string
}

export interface ChatView {
  readonly text: string
  readonly status: "idle" | "streaming" | "done" | "cancelled" | "failed"
  readonly error?: unknown
}

export const NO_ANSWER: ChatView = { text: "", status: "idle" }

export function createChat(url: string, onChange: (view: ChatView) => void) {
  let current: { cancel(): unknown } | undefined

  async function send(messages: readonly ChatMessage[]): Promise<void> {
    close()
    const answer = readChatCompletions(
      (signal) =>
        fetch(url, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ messages, stream: true }),
          signal,
        }),
      { timeouts: { connect: 30_000, idle: 60_000 } },
    )
    current = answer
    const show = (status: ChatView["status"], error?: unknown) => {
      if (current === answer) onChange({ text: answer.snapshot.choices[0]?.content ?? "", status, error })
    }
    show("streaming")
    try {
      for await (const _ of answer) show("streaming")
      const { reason } = await answer.ended
      show(reason === "cancelled" ? "cancelled" : "done")
    } catch (error) {
      show("failed", error)
    }
  }

  /** Stops the answer. The text so far stays. */
  function cancel(): void {
    void current?.cancel()
  }

  /** Stops the answer and reports no further change of it. */
  function close(): void {
    const answer = current
    current = undefined
    void answer?.cancel()
  }

  return { send, cancel, close }
}
