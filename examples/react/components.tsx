import { useChat, useEventStream } from "./hooks.ts"

export function Ticker({ url }: { readonly url: string }) {
  const { events, state, error } = useEventStream(url)
  return (
    <section>
      <p role="status">{state}</p>
      {error instanceof Error && <p role="alert">{error.message}</p>}
      <ul>
        {events.map((event, index) => (
          <li key={index}>{event.data}</li>
        ))}
      </ul>
    </section>
  )
}

export function Chat({ url }: { readonly url: string }) {
  const { text, status, error, send, cancel } = useChat(url)
  return (
    <section>
      <button onClick={() => void send([{ role: "user", content: "Hello" }])}>Ask</button>
      <button onClick={cancel} disabled={status !== "streaming"}>
        Cancel
      </button>
      <p role="status">{status}</p>
      {error instanceof Error && <p role="alert">{error.message}</p>}
      <output>{text}</output>
    </section>
  )
}
