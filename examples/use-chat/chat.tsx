import { useChat } from "@ai-sdk/react"
import { DefaultChatTransport, type UIMessage } from "ai"

interface ChatProps {
  readonly id: string
  /** The messages that the server has saved. */
  readonly saved: UIMessage[]
}

export function Chat({ id, saved }: ChatProps) {
  const { messages, sendMessage, status, error } = useChat({
    id,
    messages: saved,
    // A question without an answer: the answer is still running, or has ended since the page was made.
    resume: saved.at(-1)?.role === "user",
    transport: new DefaultChatTransport({
      prepareSendMessagesRequest: ({ id: chatId, messages: all }) => ({ body: { id: chatId, message: all.at(-1) } }),
    }),
  })
  const stop = () => fetch(`/api/chat/${id}/stream`, { method: "DELETE" })
  return (
    <>
      <ol>
        {messages.map((message) => (
          <li key={message.id}>{message.parts.map((part) => (part.type === "text" ? part.text : "")).join("")}</li>
        ))}
      </ol>
      <p role="status">{error?.message ?? status}</p>
      <button onClick={() => void sendMessage({ text: "Hi" })}>Ask</button>
      <button onClick={() => void stop()}>Stop</button>
    </>
  )
}
